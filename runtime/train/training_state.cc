#include "runtime/train/training_state.h"

#include <sstream>

namespace lockstep {

std::string FormatTrainingState(const TrainingState& state) {
  std::ostringstream text;
  text << "step " << state.step << "\nepoch " << state.sampler.epoch << "\ncursor "
       << state.sampler.cursor << "\nseed " << state.seed << "\ntrain_count " << state.train_count
       << "\nbucket_order";
  for (const std::int64_t index : state.bucket_order) text << " " << index;
  text << "\n";
  return text.str();
}

Result<TrainingState> ParseTrainingState(const std::string& text) {
  TrainingState state;
  std::istringstream in(text);
  std::string missing;
  const auto read = [&](const std::string& name, auto& value) {
    std::string found;
    if (missing.empty() && !(in >> found && found == name && in >> value)) missing = name;
  };
  read("step", state.step);
  read("epoch", state.sampler.epoch);
  read("cursor", state.sampler.cursor);
  read("seed", state.seed);
  read("train_count", state.train_count);
  std::string name;
  if (missing.empty() && !(in >> name && name == "bucket_order")) missing = "bucket_order";
  for (std::int64_t index = 0; in >> index;) state.bucket_order.push_back(index);
  const bool negative = state.step < 0 || state.sampler.epoch < 0 || state.sampler.cursor < 0;
  if (!missing.empty() || negative || state.sampler.cursor > state.train_count || !in.eof()) {
    return InvalidArgument("training state: " +
                           (missing.empty() ? "a number is out of range" : "no '" + missing + "'"));
  }
  return state;
}

}  // namespace lockstep
