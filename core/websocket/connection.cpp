#include "websocket/connection.hpp"

namespace ferry::websocket {

Connection::~Connection() = default;

}  // namespace ferry::websocket
