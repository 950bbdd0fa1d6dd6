// Base64 as Kubernetes writes bytes into JSON (RFC 4648, padded).
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/status.h"

namespace lockstep {

// Line ends are passed over. InvalidArgument says which character is wrong.
Result<std::string> DecodeBase64(std::string_view text);
std::string EncodeBase64(std::string_view bytes);

}  // namespace lockstep
