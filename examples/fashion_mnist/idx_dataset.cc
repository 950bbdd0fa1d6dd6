#include "examples/fashion_mnist/idx_dataset.h"

#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

namespace lockstep::fashion_mnist {
namespace {

constexpr char kNextStep[] =
    ": install the Debian package dataset-fashion-mnist, or pass --data=FOLDER with the four "
    "gzipped IDX files";
// Far above MNIST's 47 MB: what a damaged header may make us allocate.
constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 31;

Status Bad(const std::string& path, const std::string& what) {
  return InvalidArgument(path + ": " + what + kNextStep);
}

Status CannotRead(const std::string& path) {
  const Status status = ErrnoStatus("cannot read " + path, errno);
  return {status.kind(), status.message() + kNextStep};
}

Result<std::string> ReadFile(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return CannotRead(path);
  if (!S_ISREG(info.st_mode)) return Bad(path, "expected a file, found something else");
  std::ifstream in(path, std::ios::binary);
  if (!in) return CannotRead(path);
  return std::string{std::istreambuf_iterator<char>(in), {}};
}

std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (!text.empty()) text += ' ';
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text.empty() ? "an empty file" : text;
}

Result<std::vector<std::uint8_t>> Gunzip(const std::string& path, const std::string& packed) {
  if (!packed.starts_with("\x1f\x8b")) {
    return Bad(path, "expected a gzip file (1f 8b), found " + Hex(packed.substr(0, 2)));
  }
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  z_stream stream{};
  if (inflateInit2(&stream, kGzipOnly) != Z_OK) return Internal("zlib does not start");
  const auto end = [](z_stream* s) { inflateEnd(s); };
  const std::unique_ptr<z_stream, decltype(end)> ended(&stream, end);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::vector<std::uint8_t> bytes;
  int code = Z_OK;
  while (code == Z_OK && bytes.size() < kBytesMax) {
    bytes.resize(std::max<std::size_t>(bytes.size() * 2, 1 << 16));
    stream.next_out = bytes.data() + stream.total_out;
    stream.avail_out = static_cast<uInt>(bytes.size() - stream.total_out);
    code = inflate(&stream, Z_NO_FLUSH);
  }
  if (code == Z_OK) return Bad(path, "expected at most 2 GiB unpacked, found more");
  if (code == Z_BUF_ERROR) {
    return Bad(path, "truncated: the gzip data ends in the middle, after " +
                         std::to_string(packed.size()) + " bytes");
  }
  if (code != Z_STREAM_END) {
    return Bad(path, std::string("damaged gzip data: ") +
                         (stream.msg != nullptr ? stream.msg : "unknown reason"));
  }
  bytes.resize(stream.total_out);
  return bytes;
}

std::uint32_t BigEndian(const std::vector<std::uint8_t>& bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | std::uint32_t{bytes[at + 3]};
}

struct IdxArray {
  std::vector<std::int64_t> sizes;
  std::vector<std::uint8_t> values;
};

Result<IdxArray> ReadIdx(const std::string& path, std::uint32_t dimensions) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string packed, ReadFile(path));
  LOCKSTEP_ASSIGN_OR_RETURN(std::vector<std::uint8_t> bytes, Gunzip(path, packed));
  const std::size_t header = 4 + 4 * std::size_t{dimensions};
  const std::uint32_t magic = 0x00000800 + dimensions;
  if (bytes.size() < header || BigEndian(bytes, 0) != magic) {
    const std::string_view start(reinterpret_cast<const char*>(bytes.data()),
                                 std::min<std::size_t>(bytes.size(), 4));
    return Bad(path, "expected the IDX magic number 00 00 08 0" + std::to_string(dimensions) +
                         ", found " + Hex(start));
  }
  IdxArray array;
  std::uint64_t product = 1;
  std::string shape;
  for (std::uint32_t d = 0; d < dimensions; ++d) {
    const std::uint32_t size = BigEndian(bytes, 4 + 4 * std::size_t{d});
    array.sizes.push_back(size);
    product = std::min(product, kBytesMax) * size;  // each factor < 2^32: no overflow
    shape += (d == 0 ? "" : "x") + std::to_string(size);
  }
  if (product != bytes.size() - header) {
    return Bad(path, "expected " + shape + " values as its header says, found " +
                         std::to_string(bytes.size() - header));
  }
  if (product == 0) return Bad(path, "expected at least one value, found " + shape);
  array.values.assign(bytes.begin() + static_cast<std::ptrdiff_t>(header), bytes.end());
  return array;
}

}  // namespace

Result<IdxDataset> ReadIdxDataset(const std::string& folder, const std::string& prefix,
                                  std::int64_t max_samples) {
  const std::string image_path = folder + "/" + prefix + "-images-idx3-ubyte.gz";
  const std::string label_path = folder + "/" + prefix + "-labels-idx1-ubyte.gz";
  LOCKSTEP_ASSIGN_OR_RETURN(IdxArray images, ReadIdx(image_path, 3));
  LOCKSTEP_ASSIGN_OR_RETURN(IdxArray labels, ReadIdx(label_path, 1));
  if (images.sizes[0] != labels.sizes[0]) {
    return Bad(label_path, "expected a label for each of the " + std::to_string(images.sizes[0]) +
                               " images of " + image_path + ", found " +
                               std::to_string(labels.sizes[0]));
  }
  const auto wrong = std::find_if(labels.values.begin(), labels.values.end(),
                                  [](std::uint8_t label) { return label >= kClasses; });
  if (wrong != labels.values.end()) {
    return Bad(label_path, "expected labels 0 to 9, found " + std::to_string(*wrong) +
                               " at position " + std::to_string(wrong - labels.values.begin()));
  }
  IdxDataset data{images.sizes[0], images.sizes[1], images.sizes[2], std::move(images.values),
                  std::move(labels.values)};
  if (max_samples > 0 && max_samples < data.count) {
    data.count = max_samples;
    data.pixels.resize(static_cast<std::size_t>(data.count * data.height * data.width));
    data.labels.resize(static_cast<std::size_t>(data.count));
  }
  return data;
}

}  // namespace lockstep::fashion_mnist
