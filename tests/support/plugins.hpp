#pragma once
#include <ferry/plugin.hpp>

#include <memory>
#include <string>

namespace ferry::test {

/// A plugin of this build, not yet started; `options` is YAML. Throws what is wrong.
std::unique_ptr<Plugin> make_plugin(Kind kind, const std::string& name, Host& host,
                                    const std::string& options);

template <class T>
std::unique_ptr<T> make_plugin(const std::string& name, Host& host, const std::string& options) {
  return std::unique_ptr<T>(
      static_cast<T*>(make_plugin(kind_of<T>(), name, host, options).release()));
}

}  // namespace ferry::test
