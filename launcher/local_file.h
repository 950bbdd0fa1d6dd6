// Files and folders of this machine, whole.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/status.h"

namespace lockstep {

Result<std::string> ReadLocalFile(const std::string& path);

// All of `text`; `path` is what a message calls the descriptor.
Status WriteAll(int fd, std::string_view text, const std::string& path);

// With those above it.
Status MakeFolder(const std::string& path);

}  // namespace lockstep
