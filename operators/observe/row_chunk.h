// A chunk: the metric rows of one report, as the state file keeps them: one value for SQLite to
// write and to find instead of one a row.
//
// Per row, numbers as base-128 varints, least significant group first: the name's place among the
// chunk's names so far (a place behind the last: a new name follows, length and bytes); the time, 0
// for that of the row before (at first kNoTime), else its length + 1 and bytes; the step less the
// row's before (at first 0), zigzag; the value, length and bytes. The first byte is kChunkVersion.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/observe/observation_store.h"

namespace lockstep {

inline constexpr char kChunkVersion = 1;

std::string EncodeRows(const std::vector<MetricRow>& rows);

struct ChunkRow {  // parts of the chunk
  std::string_view name;
  std::string_view value;
  std::string_view time;
  std::int64_t step = 0;
};

// Each row in turn, until `use` returns false. Internal: damaged, or of another version; the rows
// before have been used then.
Status DecodeRows(std::string_view chunk, const std::function<bool(const ChunkRow&)>& use);

}  // namespace lockstep
