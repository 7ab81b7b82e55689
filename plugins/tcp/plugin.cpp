#include "transport.hpp"

FERRY_PLUGIN("tcp", "1.0.0", "Plain TCP.", ferry::provide<ferry::tcp::TcpTransport>())
