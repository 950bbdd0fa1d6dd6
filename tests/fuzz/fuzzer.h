// A fuzzer is one function over any bytes: FuzzOne, which each fuzzer's file defines. It returns;
// what must hold is a CHECK. Linked with libFuzzer (./dev fuzz), or with driver.cc, which replays
// the corpus and a few thousand mutations of it as a test.
#pragma once

#include <string_view>
#include <utility>

namespace lockstep {

void FuzzOne(std::string_view input);

// Input of two parts: the first line, and what is behind it.
inline std::pair<std::string_view, std::string_view> SplitFirstLine(std::string_view input) {
  const std::size_t end = input.find('\n');
  if (end == input.npos) return {input, {}};
  return {input.substr(0, end), input.substr(end + 1)};
}

}  // namespace lockstep
