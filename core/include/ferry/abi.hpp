#pragma once
// What must agree between the server and a plugin, written as text so that a mismatch can be
// explained property by property before the plugin is opened.
#include <boost/version.hpp>
#include <cstddef>

#define FERRY_API __attribute__((visibility("default")))

/// Version of the plugin interface. Major: any change of a vtable, struct layout or meaning.
/// Minor: an appended virtual function with a default, or an appended enum value.
#define FERRY_SPI_MAJOR 1
#define FERRY_SPI_MINOR 0

#define FERRY_STR_(x) #x
#define FERRY_STR(x) FERRY_STR_(x)

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FERRY_ABI_SAN "address"
#elif __has_feature(thread_sanitizer)
#define FERRY_ABI_SAN "thread"
#endif
#endif
#if !defined(FERRY_ABI_SAN)
#if defined(__SANITIZE_ADDRESS__)
#define FERRY_ABI_SAN "address"
#elif defined(__SANITIZE_THREAD__)
#define FERRY_ABI_SAN "thread"
#else
#define FERRY_ABI_SAN "none"
#endif
#endif

#if defined(_GLIBCXX_DEBUG)
#define FERRY_ABI_STL "debug"
#else
#define FERRY_ABI_STL "release"
#endif

#if defined(__clang__)
#define FERRY_ABI_CXX "clang" FERRY_STR(__clang_major__)
#else
#define FERRY_ABI_CXX "gcc" FERRY_STR(__GNUC__)
#endif

// These macros change the size of structs inside Asio, so they are part of the interface.
#if !defined(BOOST_ASIO_DYN_LINK) || !defined(BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE)
#error "compile against the CMake target Ferry::ferry: it defines how Asio is built"
#endif

#define FERRY_ABI_STRING                                                      \
  "cxx=" FERRY_ABI_CXX ";std=" FERRY_STR(__cplusplus) ";cxx11abi=" FERRY_STR( \
      _GLIBCXX_USE_CXX11_ABI) ";stl=" FERRY_ABI_STL ";san=" FERRY_ABI_SAN     \
                              ";boost=" BOOST_LIB_VERSION                     \
                              ";asiocache=" FERRY_STR(BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE)
