#include "shares/settings.hpp"

namespace ferry::shares {
namespace {

using config::Field;
using config::Schema;
using config::Type;

constexpr double kSecond = 1000;
constexpr double kDay = 24 * 60 * 60 * kSecond;
constexpr double kYear = 366 * kDay;

}  // namespace

Schema UploadSettings::schema() {
  Schema s;
  s.summary = "Uploads to this server (tus and PUT).";
  s.fields.push_back(
      Field("max_bytes", Type::size, "Largest upload that is accepted; 0 means no limit.")
          .default_("10GiB")
          .range_(0, 9e15));
  s.fields.push_back(Field("expiry", Type::duration,
                           "An unfinished upload is removed after so long without progress.")
                         .default_("24h")
                         .range_(kSecond, kYear));
  s.fields.push_back(
      Field("checkpoint_bytes", Type::size, "Bytes after which what arrived is made durable.")
          .default_("4MiB")
          .range_(64 * 1024, 1e9));
  s.fields.push_back(
      Field("checkpoint_interval", Type::duration, "Time after which what arrived is made durable.")
          .default_("1s")
          .range_(10, 60 * kSecond));
  return s;
}

UploadSettings UploadSettings::from(const config::View& section) {
  UploadSettings out;
  out.max_bytes = section.size("max_bytes");
  out.expiry = section.duration("expiry");
  out.checkpoint_bytes = section.size("checkpoint_bytes");
  out.checkpoint_interval = section.duration("checkpoint_interval");
  return out;
}

Schema ShareSettings::schema() {
  Schema s;
  s.summary = "Stored files behind a link.";
  s.fields.push_back(
      Field("default_expiry", Type::duration, "Life of a share when its sender does not choose.")
          .default_("24h")
          .range_(kSecond, kYear));
  s.fields.push_back(Field("max_expiry", Type::duration, "Longest life that a sender may choose.")
                         .default_("7d")
                         .range_(kSecond, kYear));
  s.fields.push_back(Field("max_files", Type::integer, "Largest number of files in one share.")
                         .default_("500")
                         .range_(1, 1000));
  return s;
}

ShareSettings ShareSettings::from(const config::View& section) {
  ShareSettings out;
  out.default_expiry =
      std::chrono::duration_cast<std::chrono::seconds>(section.duration("default_expiry"));
  out.max_expiry = std::chrono::duration_cast<std::chrono::seconds>(section.duration("max_expiry"));
  out.max_files = static_cast<std::size_t>(section.integer("max_files"));
  return out;
}

Schema JanitorSettings::schema() {
  Schema s;
  s.summary = "Removal of what has expired.";
  s.fields.push_back(Field("interval", Type::duration,
                           "Time between two sweeps of one node, give or take a quarter.")
                         .default_("30s")
                         .range_(100, kDay));
  return s;
}

JanitorSettings JanitorSettings::from(const config::View& section) {
  JanitorSettings out;
  out.interval = section.duration("interval");
  return out;
}

}  // namespace ferry::shares
