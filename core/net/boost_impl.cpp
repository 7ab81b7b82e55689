// The only definition of Asio and Beast in the process: plugins, the server and the tests link to
// it, so their error categories, call stacks and services are the same objects.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
