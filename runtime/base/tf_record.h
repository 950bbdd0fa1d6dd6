// The record format of TensorFlow's event files: for each record a length (64 bits, little-endian),
// its masked CRC-32C, the data, and their masked CRC-32C. Source: tensorflow/core/lib/io,
// record_reader.h. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep {

// CRC-32C (Castagnoli), rotated right by 15 bits, plus 0xa282ead8.
std::uint32_t MaskedCrc32c(std::string_view bytes);

struct TfRecord {
  enum class State : std::uint8_t {
    kWhole,
    kIncomplete,  // more bytes are needed
    kTooLong,     // more data than the caller wants: to be stepped over
    kBroken       // no record begins here, so that nothing behind it can be found
  };
  State state = State::kIncomplete;
  std::string_view data;    // kWhole: a part of what was given
  std::uint64_t bytes = 0;  // of the whole record; kIncomplete: how many are needed to say more
  std::string why;          // kBroken
};

// The record that `front`, the file from a record's first byte on, begins with.
TfRecord FirstTfRecord(std::string_view front, std::size_t data_bytes_max);

}  // namespace lockstep
