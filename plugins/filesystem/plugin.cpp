#include "store.hpp"

FERRY_PLUGIN("filesystem", "1.0.0", "Blobs as files of one folder.",
             ferry::provide<ferry::filesystem::FilesystemBlobStore>())
