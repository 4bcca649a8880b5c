// One read as an app makes it, shown with what came back, what did not and why, and its proof.
#pragma once

#include "gateway/deployment.h"

#include <string>

namespace fieldgate::cli {

/// Reads over HTTP with an app's key, prints, signs a checkpoint, and checks from the stored bytes
/// that the read's record is in the log that the checkpoint covers.
[[nodiscard]] Result<void> show_one_read(Deployment& deployment, std::uint16_t port,
                                         const std::string& key);

}  // namespace fieldgate::cli
