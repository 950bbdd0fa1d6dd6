#include "operators/observe/tf_event_parser.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <optional>

#include "operators/observe/epoch_seconds.h"
#include "operators/observe/protobuf_reader.h"
#include "operators/observe/row_time.h"

namespace lockstep {
namespace {

using Wire = ProtobufField::Wire;

// tensorflow/core/framework/types.proto
enum DataType : std::uint8_t {
  kFloat = 1,
  kDouble = 2,
  kInt32 = 3,
  kUint8 = 4,
  kInt16 = 5,
  kInt8 = 6,
  kInt64 = 9,
  kBool = 10,
  kBfloat16 = 14,
  kUint16 = 17,
  kHalf = 19,
  kUint32 = 22,
  kUint64 = 23
};

// Nothing that gives a value: text, complex numbers, quantized ones.
constexpr std::size_t kNoNumber = 0;

std::size_t BytesOf(std::uint64_t type) {
  switch (type) {
    case kUint8:
    case kInt8:
    case kBool: return 1;
    case kInt16:
    case kUint16:
    case kHalf:
    case kBfloat16: return 2;
    case kFloat:
    case kInt32:
    case kUint32: return 4;
    case kDouble:
    case kInt64:
    case kUint64: return 8;
    default: return kNoNumber;
  }
}

// IEEE 754 binary16.
float HalfToFloat(std::uint64_t bits) {
  const auto exponent = static_cast<int>(bits >> 10 & 0x1fU);
  const auto fraction = static_cast<float>(bits & 0x3ffU);
  const float sign = (bits & 0x8000U) != 0 ? -1.0F : 1.0F;
  if (exponent == 0x1f) return fraction == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(fraction + 1024.0F, exponent - 25);
}

template <class T>
std::string Shortest(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) return "nan";
  }
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

// `bits` of a number of `type`, those of small types in the low ones.
std::string ValueText(std::uint64_t type, std::uint64_t bits) {
  const auto low = static_cast<std::uint32_t>(bits);
  switch (type) {
    case kFloat: return Shortest(std::bit_cast<float>(low));
    case kDouble: return Shortest(std::bit_cast<double>(bits));
    case kHalf: return Shortest(HalfToFloat(bits));
    case kBfloat16: return Shortest(std::bit_cast<float>(low << 16));
    case kInt8: return Shortest(static_cast<int>(static_cast<std::int8_t>(bits)));
    case kInt16: return Shortest(static_cast<int>(static_cast<std::int16_t>(bits)));
    case kInt32: return Shortest(static_cast<std::int32_t>(bits));
    case kInt64: return Shortest(static_cast<std::int64_t>(bits));
    case kBool: return Shortest(bits != 0 ? 1 : 0);
    default: return Shortest(bits);
  }
}

// Of tensorflow.TensorShapeProto: how many elements; 0: unknown or none.
Result<std::uint64_t> ElementsOf(std::string_view message) {
  std::uint64_t elements = 1;
  for (ProtobufReader shape(message); !shape.AtEnd();) {
    LOCKSTEP_ASSIGN_OR_RETURN(const ProtobufField field, shape.Next());
    if (field.number == 3 && field.bits != 0) return 0;  // unknown_rank
    if (field.number != 2 || field.wire != Wire::kBytes) continue;
    std::uint64_t size = 0;
    for (ProtobufReader dimension(field.bytes); !dimension.AtEnd();) {
      LOCKSTEP_ASSIGN_OR_RETURN(const ProtobufField part, dimension.Next());
      if (part.number == 1) size = part.bits;
    }
    if (size != 1) elements = elements == 0 || size == 0 ? 0 : 2;  // one or not is all we ask
  }
  return elements;
}

// The first number of a repeated field, packed or not.
Result<std::optional<std::uint64_t>> FirstNumber(const ProtobufField& field, std::size_t fixed) {
  if (field.wire != Wire::kBytes) return std::optional(field.bits);
  if (field.bytes.empty()) return std::optional<std::uint64_t>();
  ProtobufReader packed(field.bytes);
  LOCKSTEP_ASSIGN_OR_RETURN(const std::uint64_t number,
                            fixed == 0 ? packed.NextVarint() : packed.NextFixed(fixed));
  return std::optional(number);
}

// Of tensorflow.TensorProto; nullopt: not one number.
Result<std::optional<std::string>> TensorValue(std::string_view message) {
  constexpr std::size_t kVarint = 0;
  std::uint64_t type = 0;
  std::uint64_t elements = 1;
  std::string_view content;
  std::optional<std::uint64_t> number;
  for (ProtobufReader tensor(message); !tensor.AtEnd();) {
    LOCKSTEP_ASSIGN_OR_RETURN(const ProtobufField field, tensor.Next());
    switch (field.number) {
      case 1: type = field.bits; break;
      case 2: {
        LOCKSTEP_ASSIGN_OR_RETURN(elements, ElementsOf(field.bytes));
        break;
      }
      case 4: content = field.bytes; break;
      case 5:
      case 6: {  // float_val, double_val
        LOCKSTEP_ASSIGN_OR_RETURN(number, FirstNumber(field, field.number == 5 ? 4 : 8));
        break;
      }
      case 7:     // int_val
      case 10:    // int64_val
      case 11:    // bool_val
      case 13:    // half_val, bfloat16 too
      case 16:    // uint32_val
      case 17: {  // uint64_val
        LOCKSTEP_ASSIGN_OR_RETURN(number, FirstNumber(field, kVarint));
        break;
      }
      default: break;
    }
  }
  const std::size_t size = BytesOf(type);
  if (size == kNoNumber || elements != 1) return std::optional<std::string>();
  if (!content.empty()) {
    if (content.size() != size) return InvalidArgument("a tensor's content has a wrong size");
    LOCKSTEP_ASSIGN_OR_RETURN(number, ProtobufReader(content).NextFixed(size));
  }
  // Values that are all zero may be left out.
  return std::optional(ValueText(type, number.value_or(0)));
}

// Of tensorflow.Summary.Value.
Status AddScalar(std::string_view message, std::vector<TfScalar>& scalars) {
  std::string tag;
  std::optional<std::string> value;
  for (ProtobufReader reader(message); !reader.AtEnd();) {
    LOCKSTEP_ASSIGN_OR_RETURN(const ProtobufField field, reader.Next());
    if (field.number == 1 && field.wire == Wire::kBytes) tag = field.bytes;
    if (field.number == 2 && field.wire == Wire::kFixed32) value = ValueText(kFloat, field.bits);
    if (field.number == 8 && field.wire == Wire::kBytes) {
      LOCKSTEP_ASSIGN_OR_RETURN(value, TensorValue(field.bytes));
    }
  }
  if (value) scalars.push_back({std::move(tag), *std::move(value)});
  return OkStatus();
}

}  // namespace

Result<TfEvent> ParseTfEvent(std::string_view message) {
  TfEvent event;
  for (ProtobufReader reader(message); !reader.AtEnd();) {
    LOCKSTEP_ASSIGN_OR_RETURN(const ProtobufField field, reader.Next());
    if (field.number == 1 && field.wire == Wire::kFixed64) {
      event.wall_time = std::bit_cast<double>(field.bits);
    } else if (field.number == 2 && field.wire == Wire::kVarint) {
      event.step = static_cast<std::int64_t>(field.bits);
    } else if (field.number == 5 && field.wire == Wire::kBytes) {
      for (ProtobufReader summary(field.bytes); !summary.AtEnd();) {
        LOCKSTEP_ASSIGN_OR_RETURN(const ProtobufField value, summary.Next());
        if (value.number != 1 || value.wire != Wire::kBytes) continue;
        LOCKSTEP_RETURN_IF_ERROR(AddScalar(value.bytes, event.scalars));
      }
    }
  }
  return event;
}

bool TagReports(std::string_view tag, std::string_view metric, std::string_view folder) {
  if (tag == metric) return true;
  const std::size_t slash = metric.rfind('/');
  if (slash == metric.npos) return tag.starts_with(metric);
  return tag.starts_with(metric.substr(slash + 1)) && folder.ends_with(metric.substr(0, slash));
}

std::vector<MetricRow> RowsOfTfEvent(const TfEvent& event, const std::vector<std::string>& metrics,
                                     std::string_view folder) {
  std::vector<MetricRow> rows;
  for (const TfScalar& scalar : event.scalars) {
    for (const std::string& metric : metrics) {
      if (!TagReports(scalar.tag, metric, folder)) continue;
      const std::optional<RowTime> time = TimeOfEpochSeconds(event.wall_time);
      rows.push_back({.name = metric,
                      .value = scalar.value,
                      .time = time ? FormatRowTime(*time) : kNoTime,
                      .step = event.step});
    }
  }
  return rows;
}

}  // namespace lockstep
