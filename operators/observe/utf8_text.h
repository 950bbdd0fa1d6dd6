// Text of unknown origin, read as Go reads it.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

// Each byte that is no part of valid UTF-8 becomes U+FFFD, so that what is stored and served is
// text.
std::string ReplaceInvalidUtf8(std::string_view text);
// Whether there is none.
bool IsValidUtf8(std::string_view text);
// Without white space at both ends, Unicode's included.
std::string_view TrimSpace(std::string_view text);
// Length of the character at `offset` of valid UTF-8; 1 at the end.
std::size_t CharacterBytes(std::string_view text, std::size_t offset);

}  // namespace lockstep
