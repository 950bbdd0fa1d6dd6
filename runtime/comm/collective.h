// A Collective is one operation of a group as a value: its shape, which must be the same on every
// rank, and this rank's buffers, checked once, when it is made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/comm/communicator.h"

namespace lockstep {

enum class CollectiveKind : std::uint8_t { kAllReduce, kReduceScatter, kAllGather, kBroadcast };

// Lies in shared memory as it is: trivially copyable.
struct CollectiveShape {
  CollectiveKind kind = CollectiveKind::kAllReduce;
  ReduceOp op = ReduceOp::kSum;  // all-reduce and reduce-scatter
  DataType type = DataType::kFloat32;
  std::int32_t root = 0;    // broadcast
  std::uint64_t count = 0;  // of the part where there is one, else of the buffer

  friend bool operator==(const CollectiveShape&, const CollectiveShape&) = default;
};

struct Collective {
  CollectiveShape shape;
  const std::byte* source = nullptr;  // the whole of a reduce-scatter, the part of an all-gather
  std::byte* target = nullptr;        // may be, or lie in, the source
};

// InvalidArgument: no data, a device stream (these are host memory operations), types or counts of
// `whole` and `part` that do not fit, a root that is no rank.
Result<Collective> MakeAllReduce(Buffer buffer, ReduceOp op, StreamHandle stream);
Result<Collective> MakeReduceScatter(Buffer whole, Buffer part, ReduceOp op, int size,
                                     StreamHandle stream);
Result<Collective> MakeAllGather(Buffer part, Buffer whole, int size, StreamHandle stream);
Result<Collective> MakeBroadcast(Buffer buffer, int root, int size, StreamHandle stream);

std::size_t DataTypeBytes(DataType type);

// "all-reduce #812".
std::string CollectiveName(CollectiveKind kind, std::uint64_t sequence);
// "all-reduce #812 (sum of 1024 float32)".
std::string DescribeCollective(const CollectiveShape& shape, std::uint64_t sequence);
// "rank 3 never entered all-reduce #812", "ranks 1, 3 never entered ...".
std::string DescribeMissing(const std::vector<int>& ranks, CollectiveKind kind,
                            std::uint64_t sequence);
// FailedPrecondition naming both ranks and both operations.
Status OrderBreach(int rank, const CollectiveShape& shape, int other_rank,
                   const CollectiveShape& other, std::uint64_t sequence);

}  // namespace lockstep
