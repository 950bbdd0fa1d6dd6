// The scalars in the events that TensorFlow, PyTorch and tensorboardX write for TensorBoard:
// `Event` messages, one a record (runtime/base/tf_record.h). Pure; protobuf is decoded by hand, for
// the few fields that matter. Sources: tensorflow/core/util/event.proto,
// tensorflow/core/framework/{summary,tensor,types}.proto.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "operators/observe/observation_store.h"
#include "runtime/base/status.h"

namespace lockstep {

struct TfScalar {
  std::string tag;
  std::string value;  // shortest decimal that reads back as the same value of its type
};

struct TfEvent {
  double wall_time = 0;  // seconds since the Unix epoch
  std::int64_t step = 0;
  std::vector<TfScalar> scalars;  // simple values, and tensors of one number
};

// InvalidArgument: no Event message, and why.
Result<TfEvent> ParseTfEvent(std::string_view message);

// Whether `tag`, in an event file of the folder `folder` (as the program sees it, without a slash
// at its end), reports `metric`. Katib's rule (tfevent_loader.py): the tag begins with the metric's
// last component, and the folder ends with what is before it, as in train/accuracy; and, which
// Katib would miss, a tag that is the metric's whole name.
bool TagReports(std::string_view tag, std::string_view metric, std::string_view folder);

// The rows of an event, in the order of its scalars, then of `metrics`.
std::vector<MetricRow> RowsOfTfEvent(const TfEvent& event, const std::vector<std::string>& metrics,
                                     std::string_view folder);

}  // namespace lockstep
