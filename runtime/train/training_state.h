// TrainingState: where training stands, beside model and optimizer; the file `training` of a
// checkpoint. Text, one `name value...` a line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/train/shard_sampler.h"

namespace lockstep {

struct TrainingState {
  std::int64_t step = 0;
  SamplerState sampler;
  std::uint64_t seed = 0;        // of data order and random layers
  std::int64_t train_count = 0;  // examples an epoch has
  std::vector<std::int64_t> bucket_order;
  friend bool operator==(const TrainingState&, const TrainingState&) = default;
};

std::string FormatTrainingState(const TrainingState& state);
// InvalidArgument names the first line that is wrong or missing.
Result<TrainingState> ParseTrainingState(const std::string& text);

}  // namespace lockstep
