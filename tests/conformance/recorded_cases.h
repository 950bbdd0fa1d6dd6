// Cases recorded by running Katib v0.19.0's own code: NAME.args.json, NAME.yaml, NAME.log and the
// like in, NAME.expected.json out; a folder for each set: parse, validate, render, semantics. Below
// operators/: children, lifecycle, admission of the training operators (its README.md).
//
// They are read from tests/conformance/data, or from LOCKSTEP_CONFORMANCE_DIR: more cases need no
// code.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "operators/codec/json.h"

namespace lockstep {

std::filesystem::path RecordedFolder(const std::string& set);
// LOCKSTEP_CONFORMANCE_DIR is set: what a test's tables name need not be there.
bool RecordedElsewhere();

// Names of the set's cases that begin with one of `prefixes`, sorted. A case is what has a file
// that ends in `suffix`.
std::vector<std::string> RecordedCases(const std::string& set,
                                       const std::vector<std::string_view>& prefixes = {""},
                                       std::string_view suffix = ".expected.json");

// How many cases of a set agree; `./dev test conformance` shows what Print prints.
struct RecordedTally {
  std::string set;
  int agree = 0;
  int differ = 0;  // on purpose
  int fail = 0;
  void Print() const;
};

// Where we differ on purpose.
struct RecordedDifference {
  std::string how;  // as the test says it
  std::string why;
};
// By case, from lines of "case | how | why"; `file` is relative to the repository. A line that is
// none throws.
std::map<std::string, RecordedDifference> RecordedDifferences(const std::string& file);

// The whole file; "" where there is none.
std::string ReadRecordedText(const std::filesystem::path& path);
Json ReadRecordedJson(const std::filesystem::path& path);

}  // namespace lockstep
