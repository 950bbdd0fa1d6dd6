// ProtobufReader: the fields of a protobuf message, one after the other, without a schema. Source:
// protobuf.dev, "Encoding".
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/base/status.h"

namespace lockstep {

struct ProtobufField {
  enum class Wire : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
  std::uint32_t number = 0;
  Wire wire = Wire::kVarint;
  std::uint64_t bits = 0;  // of a number
  std::string_view bytes;  // of kBytes: text, a message, or packed numbers
};

class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) : rest_(message) {}

  bool AtEnd() const { return rest_.empty(); }
  // InvalidArgument: what is left is no field.
  Result<ProtobufField> Next();
  // One number of a packed field.
  Result<std::uint64_t> NextVarint();
  Result<std::uint64_t> NextFixed(std::size_t bytes);

 private:
  std::string_view rest_;
};

}  // namespace lockstep
