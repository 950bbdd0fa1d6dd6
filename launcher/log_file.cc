#include "launcher/log_file.h"

#include <fcntl.h>

#include <cerrno>

namespace lockstep {

Result<LogFile> LogFile::Create(std::string path) {
  LogFile file;
  file.fd_ = UniqueFd(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!file.fd_.valid()) return ErrnoStatus("open " + path, errno);
  file.path_ = std::move(path);
  return file;
}

bool LogFile::WriteAll(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd_.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      lost_bytes_ += text.size();
      return false;
    }
    torn_ = text[static_cast<std::size_t>(n) - 1] != '\n';
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

Status LogFile::Append(std::string_view lines) {
  if (lost_bytes_ > 0) {
    const std::uint64_t lost = lost_bytes_;
    const std::string note = std::string(torn_ ? "\n" : "") + "[lockstep] " + std::to_string(lost) +
                             " bytes could not be written here\n";
    if (!WriteAll(note)) {
      lost_bytes_ = lost + lines.size();
      return OkStatus();
    }
    lost_bytes_ = 0;
  }
  if (WriteAll(lines) || told_) return OkStatus();
  told_ = true;
  return ErrnoStatus("write " + path_, errno);
}

}  // namespace lockstep
