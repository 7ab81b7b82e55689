#pragma once
#include "net/expiry.hpp"
#include "net/stream.hpp"

#include <ferry/blob_store.hpp>

#include <boost/system/error_code.hpp>
#include <span>

namespace ferry::net {

/// Where a response's progress is kept: `expiry` is pushed `stall` ahead by each step, and `sent`
/// counts the bytes the kernel took. Outlives the operation.
struct Progress {
  Progress(Expiry& e, Millis s) : expiry(e), stall(s) {}
  void step(std::uint64_t bytes) {
    sent += bytes;
    expiry.after(stall);
  }
  Expiry& expiry;
  Millis stall;
  std::uint64_t sent = 0;
};

/// Writes all of `first` then all of `second`, in one system call when the socket takes it.
/// The buffers stay valid until completion.
Awaitable<boost::system::error_code> write_all(const Stream& stream,
                                               boost::asio::const_buffer first,
                                               boost::asio::const_buffer second,
                                               Progress& progress);

/// Sends the region with sendfile(2), straight into the stream's socket. The stream must have one.
/// eof: the file is shorter than the region.
Awaitable<boost::system::error_code> send_file(const Stream& stream, const FileRegion& region,
                                               Progress& progress);

/// Reads the rest of the blob in 256 KiB blocks and writes them. eof: the reader ended before
/// remaining() bytes, or failed.
Awaitable<boost::system::error_code> send_blocks(const Stream& stream, BlobReader& reader,
                                                 Progress& progress);

}  // namespace ferry::net
