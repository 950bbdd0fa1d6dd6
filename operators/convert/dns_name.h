// Names that become host names. Pure.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

// Why `name` is no label of a host name (DNS-1035, at most 63 characters), to follow it in a
// sentence; "": it is one.
std::string WhyNoLabel(std::string_view name);

}  // namespace lockstep
