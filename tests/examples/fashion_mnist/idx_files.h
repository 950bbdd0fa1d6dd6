// Small IDX data sets, written for tests, whole or damaged.
#pragma once

#include <stdlib.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace lockstep::fashion_mnist {

// The bytes of an IDX file: magic number, sizes, values.
inline std::string Idx(std::uint32_t magic, std::initializer_list<std::uint32_t> sizes,
                       const std::string& values) {
  std::string bytes;
  const auto put = [&](std::uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
  };
  put(magic);
  for (const std::uint32_t size : sizes) put(size);
  return bytes + values;
}

inline std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A folder of its own that goes away with the object.
class IdxFolder {
 public:
  IdxFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "idx-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~IdxFolder() { std::filesystem::remove_all(path_); }
  IdxFolder(const IdxFolder&) = delete;
  IdxFolder& operator=(const IdxFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string Images(const std::string& prefix) const {
    return path_ + "/" + prefix + "-images-idx3-ubyte.gz";
  }
  std::string Labels(const std::string& prefix) const {
    return path_ + "/" + prefix + "-labels-idx1-ubyte.gz";
  }
  static void WriteGzip(const std::string& path, const std::string& bytes) {
    const gzFile file = gzopen(path.c_str(), "wb");
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
  }
  static void WritePlain(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  // `count` images of side x side; image i has label i mod 10, and shows it by its brightness.
  void Write(const std::string& prefix, std::uint32_t count, std::uint32_t side = 28) const {
    std::string pixels, labels;
    for (std::uint32_t i = 0; i < count; ++i) {
      pixels.append(std::size_t{side} * side, static_cast<char>(i % 10 * 25));
      labels += static_cast<char>(i % 10);
    }
    WriteGzip(Images(prefix), Idx(0x803, {count, side, side}, pixels));
    WriteGzip(Labels(prefix), Idx(0x801, {count}, labels));
  }

 private:
  std::string path_;
};

}  // namespace lockstep::fashion_mnist
