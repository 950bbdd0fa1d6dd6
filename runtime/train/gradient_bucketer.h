// GradientBucketer: averages gradients over the ranks, bucket by bucket, while backward goes on.
//
// Parameters share flat buffers, the buckets. MarkReady(i) says that parameter i's gradient is in
// its slot; when a bucket's last gradient is ready and all earlier buckets are out, its all-reduce
// starts. Buckets are always started in the same order, so ranks whose gradients arrive in
// different orders still call the same collectives (S. Li et al., "PyTorch Distributed", VLDB
// 2020, section 3.2).
//
// It knows buffers and a Communicator, nothing of autograd or libtorch. Host memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/comm/communicator.h"

namespace lockstep {

struct BucketParameter {
  std::string name;  // for messages
  std::size_t count = 0;
  DataType type = DataType::kFloat32;
};

struct BucketSizes {
  // The first bucket is small, so that the first all-reduce starts early.
  std::size_t first_bytes_max = std::size_t{1} << 20;
  std::size_t bytes_max = std::size_t{25} << 20;
};

// Which parameter lies where. A bucket holds one type; a parameter larger than the limit has a
// bucket of its own.
struct BucketLayout {
  struct Bucket {
    DataType type = DataType::kFloat32;
    std::size_t count = 0;                // elements
    std::vector<std::size_t> parameters;  // in the order of their slots
  };
  struct Slot {
    std::size_t bucket = 0;
    std::size_t offset = 0;  // elements
  };
  std::vector<Bucket> buckets;  // in the order of their all-reduces
  std::vector<Slot> slots;      // by parameter
};

// Deals the parameters out in `order` (a permutation of their indices). Pure.
BucketLayout PlanBuckets(std::span<const BucketParameter> parameters,
                         std::span<const std::int64_t> order, const BucketSizes& sizes);

// Backward's order, as long as nothing better is known: last registered first.
std::vector<std::int64_t> ReverseOrder(std::size_t parameter_count);

// Thread safety: one thread at a time (which may change from call to call).
class GradientBucketer {
 public:
  // `group` outlives the bucketer.
  GradientBucketer(Communicator& group, std::vector<BucketParameter> parameters)
      : group_(group), parameters_(std::move(parameters)) {}

  // From now on gradients lie in `storage`, one buffer per bucket of `layout`; not owned, and
  // outlives the bucketer, which may have a step in flight when it is destroyed.
  // REQUIRES: no step has begun (no MarkReady since the last Finish).
  void Bind(BucketLayout layout, std::vector<void*> storage);
  const BucketLayout& layout() const { return layout_; }

  // The gradient of parameter `index` is in its slot. May start all-reduces; their errors come
  // from Finish. FailedPrecondition: it was marked before in this step.
  Status MarkReady(std::size_t index);
  // Which have not been marked since the last Finish, in registration order.
  std::vector<std::size_t> Missing() const;

  // Waits until every slot holds the average over the ranks, and ends the step. `deadline` bounds
  // each wait. FailedPrecondition: parameters are missing; they are named, and the group is aborted
  // (its other ranks would wait for this one).
  Status Finish(std::chrono::milliseconds deadline);

  // Rank 0's order of arrival in the step that Finish ended last, agreed by all ranks. Collective.
  Result<std::vector<std::int64_t>> AgreeOnArrivalOrder(std::chrono::milliseconds deadline);

 private:
  void StartFullBuckets();

  Communicator& group_;
  const std::vector<BucketParameter> parameters_;
  BucketLayout layout_;
  std::vector<void*> storage_;                    // by bucket; not owned
  std::vector<bool> ready_;                       // by parameter
  std::vector<std::size_t> open_;                 // by bucket: gradients that are not ready yet
  std::vector<std::unique_ptr<Work>> in_flight_;  // of buckets 0 .. size - 1
  std::vector<std::int64_t> arrivals_;            // of this step
  std::vector<std::int64_t> last_arrivals_;       // of the step before
};

}  // namespace lockstep
