#include "runtime/settings.hpp"

namespace ferry {
using config::Field;
using config::Schema;
using config::Type;

Schema ServerSettings::schema() {
  Schema s;
  s.summary = "Threads of the process, and how clients reach it.";
  s.fields.push_back(Field("loops", Type::integer, "Event loop threads; 0 is one per processor.")
                         .default_("0")
                         .range_(0, 1024));
  s.fields.push_back(Field("blocking_threads", Type::integer,
                           "Threads for file and database calls; 0 is twice the processors, "
                           "at least 4.")
                         .default_("0")
                         .range_(0, 1024));
  s.fields.push_back(Field("public_hosts", Type::list,
                           "Names under which clients may reach the server (Host); empty allows "
                           "any.")
                         .element_(Type::string)
                         .example_("[files.example.org]"));
  s.fields.push_back(Field("trusted_proxies", Type::list,
                           "Addresses of reverse proxies (CIDR, or \"unix\") whose X-Forwarded-* "
                           "fields are believed.")
                         .element_(Type::string)
                         .example_("[127.0.0.1/32, 10.0.0.0/8]"));
  return s;
}

ServerSettings ServerSettings::from(const config::View& section) {
  ServerSettings out;
  out.loops = static_cast<std::size_t>(section.integer("loops"));
  out.blocking_threads = static_cast<std::size_t>(section.integer("blocking_threads"));
  out.public_hosts = section.strings("public_hosts");
  out.trusted_proxies = section.strings("trusted_proxies");
  return out;
}

Schema MetricsSettings::schema() {
  Schema s;
  s.summary = "The Prometheus endpoint /metrics.";
  s.fields.push_back(Field("enabled", Type::boolean, "Serve /metrics.").default_("true"));
  s.fields.push_back(
      Field("token", Type::secret, "Bearer token that a scraper must send; absent allows anyone."));
  return s;
}

MetricsSettings MetricsSettings::from(const config::View& section) {
  MetricsSettings out;
  out.enabled = section.boolean("enabled");
  out.token = section.string("token");
  return out;
}

}  // namespace ferry
