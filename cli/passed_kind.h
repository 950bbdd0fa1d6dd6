// Kinds of objects that stand in the files of a job beside it and that one machine does without.
#pragma once

#include <string_view>

#include "operators/codec/document.h"

namespace lockstep {

// Why the object is passed over, or "" where it is not. Pure.
std::string_view WhyPassedOver(const Document& document);

}  // namespace lockstep
