#pragma once
#include <ferry/metrics.hpp>

namespace ferry::shares {

/// The counters of classic transfers. Made once; copies refer to the same counters.
struct ShareMetrics {
  explicit ShareMetrics(Metrics& m)
      : created(uploads(m, "created")),
        finished(uploads(m, "finished")),
        terminated(uploads(m, "terminated")),
        expired(uploads(m, "expired")),
        failed(uploads(m, "failed")),
        upload_bytes(m.counter("ferry_upload_bytes_total", "Bytes written to the blob store.")),
        receiving(m.gauge("ferry_uploads_open", "Uploads whose bytes are arriving right now.")),
        shares_created(shares(m, "created")),
        shares_completed(shares(m, "completed")),
        shares_removed(shares(m, "removed")),
        shares_expired(shares(m, "expired")),
        swept_uploads(swept(m, "upload")),
        swept_shares(swept(m, "share")),
        sweep_errors(m.counter("ferry_sweeper_errors_total",
                               "Removals that failed and will be tried again.")) {}

  Counter& created;
  Counter& finished;
  Counter& terminated;
  Counter& expired;
  Counter& failed;
  Counter& upload_bytes;
  Gauge& receiving;
  Counter& shares_created;
  Counter& shares_completed;
  Counter& shares_removed;
  Counter& shares_expired;
  Counter& swept_uploads;
  Counter& swept_shares;
  Counter& sweep_errors;

 private:
  static Counter& uploads(Metrics& m, const char* result) {
    return m.counter("ferry_uploads_total", "Uploads by what became of them.",
                     {{"result", result}});
  }
  static Counter& shares(Metrics& m, const char* result) {
    return m.counter("ferry_shares_total", "Shares by what became of them.", {{"result", result}});
  }
  static Counter& swept(Metrics& m, const char* kind) {
    return m.counter("ferry_sweeper_deleted_total", "What the sweeper removed.", {{"kind", kind}});
  }
};

}  // namespace ferry::shares
