// Cuts a stream of bytes into lines. A lone carriage return ends a line too, so that progress bars
// are seen as they move; "\r\n" is one end. A line longer than the cap is cut there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

class LineSplitter {
 public:
  explicit LineSplitter(std::size_t line_bytes_max = std::size_t{1} << 20)
      : line_bytes_max_(line_bytes_max) {}

  // The lines that `bytes` completes, without their ends.
  std::vector<std::string> Split(std::string_view bytes);
  // At the end of the stream: what is left without an end, if anything.
  std::vector<std::string> Finish();

 private:
  std::size_t line_bytes_max_;
  std::string partial_;
  bool after_return_ = false;  // the last byte was a '\r' that ended a line
};

}  // namespace lockstep
