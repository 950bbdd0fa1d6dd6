#include "operators/observe/protobuf_reader.h"

namespace lockstep {

Result<std::uint64_t> ProtobufReader::NextVarint() {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 10 && i < rest_.size(); ++i) {
    const auto byte = static_cast<unsigned char>(rest_[i]);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << (7 * i);
    if ((byte & 0x80U) != 0) continue;
    rest_.remove_prefix(i + 1);
    return value;
  }
  return InvalidArgument("a number has no end");
}

Result<std::uint64_t> ProtobufReader::NextFixed(std::size_t bytes) {
  if (rest_.size() < bytes) return InvalidArgument("a number is cut off");
  std::uint64_t value = 0;
  for (std::size_t i = bytes; i > 0; --i) {
    value = value << 8 | static_cast<unsigned char>(rest_[i - 1]);
  }
  rest_.remove_prefix(bytes);
  return value;
}

Result<ProtobufField> ProtobufReader::Next() {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::uint64_t key, NextVarint());
  ProtobufField field;
  field.number = static_cast<std::uint32_t>(key >> 3);
  field.wire = static_cast<ProtobufField::Wire>(key & 7);
  switch (field.wire) {
    case ProtobufField::Wire::kVarint: {
      LOCKSTEP_ASSIGN_OR_RETURN(field.bits, NextVarint());
      return field;
    }
    case ProtobufField::Wire::kFixed64: {
      LOCKSTEP_ASSIGN_OR_RETURN(field.bits, NextFixed(8));
      return field;
    }
    case ProtobufField::Wire::kFixed32: {
      LOCKSTEP_ASSIGN_OR_RETURN(field.bits, NextFixed(4));
      return field;
    }
    case ProtobufField::Wire::kBytes: {
      LOCKSTEP_ASSIGN_OR_RETURN(const std::uint64_t size, NextVarint());
      if (size > rest_.size()) {
        return InvalidArgument("field " + std::to_string(field.number) + " is cut off");
      }
      field.bytes = rest_.substr(0, size);
      rest_.remove_prefix(size);
      return field;
    }
  }
  return InvalidArgument("field " + std::to_string(field.number) + " has the unknown wire type " +
                         std::to_string(key & 7));
}

}  // namespace lockstep
