// Where the reader of one file of a trial's metrics goes on: what ReadMark keeps for it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "operators/observe/log_parser.h"
#include "runtime/base/status.h"

namespace lockstep {

struct ReadPosition {
  int generation = 0;        // of the job: each start of the group has files of its own
  std::string file = {};     // identity of the one that `offset` is in; "": the first that is found
  std::uint64_t offset = 0;  // bytes
  std::uint64_t lines = 0;   // line feeds, or records, before `offset`
  BadLines bad = {};         // of all files so far, numbered in the file of each
  friend bool operator==(const ReadPosition&, const ReadPosition&) = default;
};

// A JSON object, without the fields that are 0. "" is the beginning.
std::string FormatReadPosition(const ReadPosition& position);
// Internal: no text that FormatReadPosition has written.
Result<ReadPosition> ParseReadPosition(std::string_view text);

}  // namespace lockstep
