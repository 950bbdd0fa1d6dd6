// What libFuzzer and driver.cc call.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/fuzzer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lockstep::FuzzOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
