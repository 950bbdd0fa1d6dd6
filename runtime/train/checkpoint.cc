#include "runtime/train/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStepPrefix = "step-";
constexpr std::string_view kHiddenPrefix = ".saving-";
constexpr char kManifest[] = "MANIFEST";
constexpr char kFirstLine[] = "lockstep-checkpoint 1";

std::uint32_t Crc32(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

Status SyncFolder(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus("open " + path, errno);
  const int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  return error == 0 ? OkStatus() : ErrnoStatus("sync " + path, error);
}

Status WriteSynced(const std::string& path, std::string_view bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoStatus("create " + path, errno);
  int error = 0;
  while (error == 0 && !bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  if (error == 0 && fsync(fd) != 0) error = errno;
  if (close(fd) != 0 && error == 0) error = errno;
  return error == 0 ? OkStatus() : ErrnoStatus("write " + path, error);
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return ErrnoStatus("open " + path, errno);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) return Internal("read " + path + ": the read failed part way");
  return bytes;
}

std::string StepName(std::int64_t step) {
  std::string digits = std::to_string(step);
  digits.insert(0, digits.size() < 12 ? 12 - digits.size() : 0, '0');
  return std::string(kStepPrefix) + digits;
}

// The steps of the checkpoints in `path`, newest first; also removes what a crash left half saved
// when `sweep` is set.
Result<std::vector<std::int64_t>> ListSteps(const std::string& path, bool sweep) {
  std::vector<std::int64_t> steps;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (sweep && name.starts_with(kHiddenPrefix)) {
      std::error_code ignored;  // what cannot be removed now is tried again at the next Save
      fs::remove_all(it->path(), ignored);
    }
    if (!name.starts_with(kStepPrefix)) continue;
    std::int64_t step = 0;
    const char* const last = name.data() + name.size();
    const auto [parsed, bad] = std::from_chars(name.data() + kStepPrefix.size(), last, step);
    if (bad == std::errc{} && parsed == last && StepName(step) == name) steps.push_back(step);
  }
  if (error) return ErrnoStatus("list checkpoints in " + path, error.value());
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

// The CRC-32 over all lines above it: a manifest that lost its end is not a shorter manifest.
std::string Sealed(const std::string& lines) {
  return lines + "crc32 " + std::to_string(Crc32(lines)) + "\n";
}

std::string MakeManifest(std::int64_t step, const CheckpointFiles& files) {
  std::ostringstream text;
  text << kFirstLine << "\nstep " << step << "\n";
  for (const auto& [name, bytes] : files) {
    text << "file " << name << " " << bytes.size() << " " << Crc32(bytes) << "\n";
  }
  return Sealed(text.str());
}

Result<CheckpointFiles> ReadChecked(const std::string& path, std::int64_t step) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string manifest, ReadFile(path + "/" + kManifest));
  const std::size_t seal = manifest.rfind("crc32 ");
  if (seal == std::string::npos || Sealed(manifest.substr(0, seal)) != manifest) {
    return FailedPrecondition(path + "/" + kManifest + ": damaged");
  }
  std::istringstream lines(manifest);
  std::string line;
  std::getline(lines, line);
  if (line != kFirstLine) {
    return FailedPrecondition(path + "/" + kManifest + ": expected '" + kFirstLine + "', found '" +
                              line + "': it was made by another version");
  }
  CheckpointFiles files;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string key, name;
    std::uint64_t size = 0, crc = 0;
    if (!(words >> key) || key != "file" || !(words >> name >> size >> crc)) continue;
    LOCKSTEP_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path + "/" + name));
    if (bytes.size() != size) {
      return FailedPrecondition(path + "/" + name + ": expected " + std::to_string(size) +
                                " bytes, found " + std::to_string(bytes.size()));
    }
    if (Crc32(bytes) != crc) return FailedPrecondition(path + "/" + name + ": wrong CRC-32");
    files.emplace(std::move(name), std::move(bytes));
  }
  if (MakeManifest(step, files) != manifest) {
    return FailedPrecondition(path + "/" + kManifest + ": belongs to another step");
  }
  return files;
}

}  // namespace

Status CheckpointDir::Save(std::int64_t step, const CheckpointFiles& files) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) return ErrnoStatus("create the checkpoint folder " + path_, error.value());
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<std::int64_t> steps, ListSteps(path_, true));

  const std::string final_path = path_ + "/" + StepName(step);
  const std::string hidden = path_ + "/" + std::string(kHiddenPrefix) + StepName(step);
  fs::create_directory(hidden, error);
  if (error) return ErrnoStatus("create " + hidden, error.value());
  for (const auto& [name, bytes] : files) {
    LOCKSTEP_RETURN_IF_ERROR(WriteSynced(hidden + "/" + name, bytes));
  }
  LOCKSTEP_RETURN_IF_ERROR(WriteSynced(hidden + "/" + kManifest, MakeManifest(step, files)));
  LOCKSTEP_RETURN_IF_ERROR(SyncFolder(hidden));
  const std::string replaced = hidden + "-replaced";
  if (std::find(steps.begin(), steps.end(), step) != steps.end()) {
    // A folder cannot be renamed over a full one. The older checkpoints cover the gap.
    if (rename(final_path.c_str(), replaced.c_str()) != 0) {
      return ErrnoStatus("set aside " + final_path, errno);
    }
  }
  if (rename(hidden.c_str(), final_path.c_str()) != 0) {
    return ErrnoStatus("rename " + hidden + " to " + final_path, errno);
  }
  LOCKSTEP_RETURN_IF_ERROR(SyncFolder(path_));

  fs::remove_all(replaced, error);
  int kept = 1;
  for (const std::int64_t other : steps) {
    if (other == step || (other < step && kept++ < keep_max_)) continue;
    fs::remove_all(path_ + "/" + StepName(other), error);
    if (error) return ErrnoStatus("remove " + path_ + "/" + StepName(other), error.value());
  }
  return OkStatus();
}

Result<LoadedCheckpoint> CheckpointDir::Load() const {
  std::error_code error;
  if (!fs::exists(path_, error) && !error) return NotFound("no checkpoint folder " + path_);
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<std::int64_t> steps, ListSteps(path_, false));
  if (steps.empty()) return NotFound("no checkpoint in " + path_);
  LoadedCheckpoint loaded;
  for (const std::int64_t step : steps) {
    Result<CheckpointFiles> files = ReadChecked(path_ + "/" + StepName(step), step);
    if (files.ok()) {
      loaded.step = step;
      loaded.files = std::move(files).value();
      return loaded;
    }
    loaded.skipped.push_back(files.status().message());
  }
  std::string message = "every checkpoint in " + path_ + " is damaged";
  for (const std::string& reason : loaded.skipped) message += "; " + reason;
  return FailedPrecondition(message + ": remove the folder to start from the beginning");
}

}  // namespace lockstep
