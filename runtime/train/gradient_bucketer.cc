#include "runtime/train/gradient_bucketer.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "runtime/base/check.h"
#include "runtime/comm/collective.h"

namespace lockstep {

std::vector<std::int64_t> ReverseOrder(std::size_t parameter_count) {
  std::vector<std::int64_t> order(parameter_count);
  std::iota(order.rbegin(), order.rend(), std::int64_t{0});
  return order;
}

BucketLayout PlanBuckets(std::span<const BucketParameter> parameters,
                         std::span<const std::int64_t> order, const BucketSizes& sizes) {
  CHECK(order.size() == parameters.size());
  BucketLayout layout;
  layout.slots.resize(parameters.size());
  std::map<DataType, std::size_t> open;  // the bucket that takes the next parameter of a type
  for (const std::int64_t index : order) {
    const BucketParameter& parameter = parameters[static_cast<std::size_t>(index)];
    const auto found = open.find(parameter.type);
    bool fits = found != open.end();
    if (fits) {
      const std::size_t limit = found->second == 0 ? sizes.first_bytes_max : sizes.bytes_max;
      const std::size_t count = layout.buckets[found->second].count + parameter.count;
      fits = count * DataTypeBytes(parameter.type) <= limit;
    }
    if (!fits) {
      open[parameter.type] = layout.buckets.size();
      layout.buckets.push_back({parameter.type, 0, {}});
    }
    const std::size_t bucket = open[parameter.type];
    layout.slots[static_cast<std::size_t>(index)] = {bucket, layout.buckets[bucket].count};
    layout.buckets[bucket].count += parameter.count;
    layout.buckets[bucket].parameters.push_back(static_cast<std::size_t>(index));
  }
  return layout;
}

void GradientBucketer::Bind(BucketLayout layout, std::vector<void*> storage) {
  CHECK(arrivals_.empty()) << "buckets are never rebuilt within a step";
  CHECK(layout.slots.size() == parameters_.size() && layout.buckets.size() == storage.size());
  layout_ = std::move(layout);
  storage_ = std::move(storage);
  ready_.assign(parameters_.size(), false);
  open_.clear();
  for (const BucketLayout::Bucket& bucket : layout_.buckets) {
    open_.push_back(bucket.parameters.size());
  }
}

Status GradientBucketer::MarkReady(std::size_t index) {
  CHECK(index < parameters_.size());
  if (ready_[index]) {
    return FailedPrecondition(
        "rank " + std::to_string(group_.rank()) + ": the gradient of parameter '" +
        parameters_[index].name +
        "' came twice in one step: call Finish after each backward, or accumulate under NoSync");
  }
  ready_[index] = true;
  arrivals_.push_back(static_cast<std::int64_t>(index));
  --open_[layout_.slots[index].bucket];
  StartFullBuckets();
  return OkStatus();
}

void GradientBucketer::StartFullBuckets() {
  while (in_flight_.size() < open_.size() && open_[in_flight_.size()] == 0) {
    const std::size_t next = in_flight_.size();
    const BucketLayout::Bucket& bucket = layout_.buckets[next];
    in_flight_.push_back(
        group_.AllReduce({storage_[next], bucket.count, bucket.type}, ReduceOp::kAverage, nullptr));
  }
}

std::vector<std::size_t> GradientBucketer::Missing() const {
  std::vector<std::size_t> missing;
  for (std::size_t index = 0; index < ready_.size(); ++index) {
    if (!ready_[index]) missing.push_back(index);
  }
  return missing;
}

Status GradientBucketer::Finish(std::chrono::milliseconds deadline) {
  constexpr std::size_t kNamesMax = 10;
  if (const std::vector<std::size_t> missing = Missing(); !missing.empty()) {
    std::string text = "rank " + std::to_string(group_.rank()) + ": backward gave no gradient for";
    for (std::size_t i = 0; i < std::min(missing.size(), kNamesMax); ++i) {
      text += (i == 0 ? " '" : ", '") + parameters_[missing[i]].name + "'";
    }
    if (missing.size() > kNamesMax) {
      text += " and " + std::to_string(missing.size() - kNamesMax) + " more";
    }
    const Status status = FailedPrecondition(
        text + ": use every parameter in the loss, freeze it, or set unused_as_zero");
    group_.Abort(status);
    return status;
  }
  Status first_error;
  for (const std::unique_ptr<Work>& work : in_flight_) {
    Status status = work->Wait(deadline);
    if (first_error.ok()) first_error = std::move(status);
  }
  in_flight_.clear();
  last_arrivals_ = std::move(arrivals_);
  arrivals_.clear();
  Bind(std::move(layout_), std::move(storage_));
  return first_error;
}

Result<std::vector<std::int64_t>> GradientBucketer::AgreeOnArrivalOrder(
    std::chrono::milliseconds deadline) {
  CHECK(last_arrivals_.size() == parameters_.size()) << "AgreeOnArrivalOrder before a Finish";
  std::vector<std::int64_t> order = last_arrivals_;
  LOCKSTEP_RETURN_IF_ERROR(
      group_.Broadcast({order.data(), order.size(), DataType::kInt64}, 0, nullptr)->Wait(deadline));
  return order;
}

}  // namespace lockstep
