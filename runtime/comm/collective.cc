#include "runtime/comm/collective.h"

#include <string_view>
#include <type_traits>

namespace lockstep {
namespace {

static_assert(std::is_trivially_copyable_v<CollectiveShape>);

std::string_view KindName(CollectiveKind kind) {
  switch (kind) {
    case CollectiveKind::kAllReduce: return "all-reduce";
    case CollectiveKind::kReduceScatter: return "reduce-scatter";
    case CollectiveKind::kAllGather: return "all-gather";
    case CollectiveKind::kBroadcast: return "broadcast";
  }
  return "unknown operation";  // shared memory holds what a peer wrote
}

std::string_view OpName(ReduceOp op) {
  switch (op) {
    case ReduceOp::kSum: return "sum";
    case ReduceOp::kAverage: return "average";
    case ReduceOp::kMax: return "max";
    case ReduceOp::kMin: return "min";
  }
  return "unknown reduction";
}

std::string_view TypeName(DataType type) {
  switch (type) {
    case DataType::kFloat32: return "float32";
    case DataType::kFloat64: return "float64";
    case DataType::kFloat16: return "float16";
    case DataType::kBFloat16: return "bfloat16";
    case DataType::kInt32: return "int32";
    case DataType::kInt64: return "int64";
  }
  return "elements of an unknown type";
}

Status CheckBuffer(CollectiveKind kind, const Buffer& buffer, StreamHandle stream) {
  const std::string name(KindName(kind));
  if (stream != nullptr)
    return InvalidArgument(name + ": this transport works on host memory, but a stream was given");
  if (buffer.data == nullptr && buffer.count != 0)
    return InvalidArgument(name + ": the buffer of " + std::to_string(buffer.count) +
                           " elements has no data");
  return OkStatus();
}

Status CheckParts(CollectiveKind kind, const Buffer& whole, const Buffer& part, int size,
                  StreamHandle stream) {
  LOCKSTEP_RETURN_IF_ERROR(CheckBuffer(kind, whole, stream));
  LOCKSTEP_RETURN_IF_ERROR(CheckBuffer(kind, part, stream));
  if (whole.type != part.type)
    return InvalidArgument(std::string(KindName(kind)) + ": the whole is " +
                           std::string(TypeName(whole.type)) + ", the part " +
                           std::string(TypeName(part.type)));
  if (whole.count / size != part.count || whole.count % size != 0)
    return InvalidArgument(std::string(KindName(kind)) + ": the whole has " +
                           std::to_string(whole.count) + " elements, not " + std::to_string(size) +
                           " times the part's " + std::to_string(part.count));
  return OkStatus();
}

Collective Make(CollectiveKind kind, ReduceOp op, DataType type, int root, std::size_t count,
                void* source, void* target) {
  return {{.kind = kind, .op = op, .type = type, .root = root, .count = count},
          static_cast<const std::byte*>(source),
          static_cast<std::byte*>(target)};
}

}  // namespace

Result<Collective> MakeAllReduce(Buffer buffer, ReduceOp op, StreamHandle stream) {
  LOCKSTEP_RETURN_IF_ERROR(CheckBuffer(CollectiveKind::kAllReduce, buffer, stream));
  return Make(CollectiveKind::kAllReduce, op, buffer.type, 0, buffer.count, buffer.data,
              buffer.data);
}

Result<Collective> MakeReduceScatter(Buffer whole, Buffer part, ReduceOp op, int size,
                                     StreamHandle stream) {
  LOCKSTEP_RETURN_IF_ERROR(CheckParts(CollectiveKind::kReduceScatter, whole, part, size, stream));
  return Make(CollectiveKind::kReduceScatter, op, part.type, 0, part.count, whole.data, part.data);
}

Result<Collective> MakeAllGather(Buffer part, Buffer whole, int size, StreamHandle stream) {
  LOCKSTEP_RETURN_IF_ERROR(CheckParts(CollectiveKind::kAllGather, whole, part, size, stream));
  return Make(CollectiveKind::kAllGather, ReduceOp::kSum, part.type, 0, part.count, part.data,
              whole.data);
}

Result<Collective> MakeBroadcast(Buffer buffer, int root, int size, StreamHandle stream) {
  LOCKSTEP_RETURN_IF_ERROR(CheckBuffer(CollectiveKind::kBroadcast, buffer, stream));
  if (root < 0 || root >= size)
    return InvalidArgument("broadcast: root " + std::to_string(root) +
                           " is no rank of a group of " + std::to_string(size));
  return Make(CollectiveKind::kBroadcast, ReduceOp::kSum, buffer.type, root, buffer.count,
              buffer.data, buffer.data);
}

std::size_t DataTypeBytes(DataType type) {
  switch (type) {
    case DataType::kFloat32:
    case DataType::kInt32: return 4;
    case DataType::kFloat64:
    case DataType::kInt64: return 8;
    case DataType::kFloat16:
    case DataType::kBFloat16: return 2;
  }
  CHECK(false) << "data type " << static_cast<int>(type);
}

std::string CollectiveName(CollectiveKind kind, std::uint64_t sequence) {
  return std::string(KindName(kind)) + " #" + std::to_string(sequence);
}

std::string DescribeCollective(const CollectiveShape& shape, std::uint64_t sequence) {
  std::string text = CollectiveName(shape.kind, sequence) + " (";
  if (shape.kind == CollectiveKind::kAllReduce || shape.kind == CollectiveKind::kReduceScatter)
    text += std::string(OpName(shape.op)) + " of ";
  text += std::to_string(shape.count) + " " + std::string(TypeName(shape.type));
  if (shape.kind == CollectiveKind::kBroadcast) text += " from rank " + std::to_string(shape.root);
  return text + ")";
}

std::string DescribeMissing(const std::vector<int>& ranks, CollectiveKind kind,
                            std::uint64_t sequence) {
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  for (std::size_t i = 0; i < ranks.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(ranks[i]);
  return text + " never entered " + CollectiveName(kind, sequence);
}

Status OrderBreach(int rank, const CollectiveShape& shape, int other_rank,
                   const CollectiveShape& other, std::uint64_t sequence) {
  return FailedPrecondition(
      "the ranks disagree about operation #" + std::to_string(sequence) + ": rank " +
      std::to_string(rank) + " called " + DescribeCollective(shape, sequence) + ", rank " +
      std::to_string(other_rank) + " called " + DescribeCollective(other, sequence) +
      "; all ranks must call the same operations in the same order");
}

}  // namespace lockstep
