// The state file: a SQLite database (docs: `PRAGMA application_id` 0x4c6b7374, `PRAGMA
// user_version` the version of its tables).
//
//   objects(kind, namespace, name, json)   an API object each, as EncodeObject has it, but for
//   suggestion_points(namespace, name, block, json)   the points of a Suggestion that fill blocks
//                                          (operators/api/growing_list.h)
//   counters(name, value)                  "version": the last resource version given out
//   metric_chunks(id, trial, rows)         of each report (operators/observe/row_chunk.h)
//   read_marks(trial, source, mark)        how far each source of a trial's metrics was read
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/base/status.h"

namespace SQLite {
class Database;
}

namespace lockstep {

inline constexpr int kStateVersion = 4;

// Opens or creates the file, and brings one of an earlier version up to date; in WAL mode with
// synchronous=FULL. FailedPrecondition, and the file is left as it is: written by a newer version,
// by another program, damaged, or not writable.
Result<std::unique_ptr<SQLite::Database>> OpenStateFile(const std::string& path);

// Runs `work`, which may throw what SQLite throws, and turns that into a Status that names the file
// and `what` was done: busy and full disk are Unavailable, damage is FailedPrecondition.
Status GuardSqlite(const std::string& path, const std::string& what,
                   const std::function<void()>& work);

}  // namespace lockstep
