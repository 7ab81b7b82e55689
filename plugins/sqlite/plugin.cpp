#include "storage.hpp"

FERRY_PLUGIN("sqlite", "1.0.0", "Storage in one SQLite file.",
             ferry::provide<ferry::sqlite::SqliteStorage>())
