// CheckpointDir: named byte strings saved together, all or nothing.
//
//   DIR/step-000000000120/{model,optimizer,...,MANIFEST}
//
// Save writes into a hidden folder beside, syncs every file and the folder, renames it, and syncs
// DIR: a crash at any moment leaves the previous checkpoints and at most a hidden folder, which the
// next Save removes. MANIFEST names each file with its size and CRC-32 (format:
// docs/checkpoint-format.md); Load checks them and falls back to the previous checkpoint.
//
// Thread safety: one thread of one process (rank 0) at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/status.h"

namespace lockstep {

using CheckpointFiles = std::map<std::string, std::string>;  // file name -> content

struct LoadedCheckpoint {
  std::int64_t step = 0;
  CheckpointFiles files;
  std::vector<std::string> skipped;  // for each newer one that is damaged: which and why
};

class CheckpointDir {
 public:
  // The last `keep_max` >= 1 checkpoints are kept.
  CheckpointDir(std::string path, int keep_max) : path_(std::move(path)), keep_max_(keep_max) {}

  // Creates DIR if it is not there. A checkpoint of the same step is replaced. Newer ones are
  // removed: training has gone back behind them because they were damaged.
  Status Save(std::int64_t step, const CheckpointFiles& files);

  // The newest good one. NotFound: there is none, and none that is damaged. FailedPrecondition:
  // there are only damaged ones; the message says what is wrong with each.
  Result<LoadedCheckpoint> Load() const;

 private:
  const std::string path_;
  const int keep_max_;
};

}  // namespace lockstep
