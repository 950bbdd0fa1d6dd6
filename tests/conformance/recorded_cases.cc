#include "tests/conformance/recorded_cases.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace lockstep {

namespace fs = std::filesystem;

bool RecordedElsewhere() { return std::getenv("LOCKSTEP_CONFORMANCE_DIR") != nullptr; }

fs::path RecordedFolder(const std::string& set) {
  const char* const other = std::getenv("LOCKSTEP_CONFORMANCE_DIR");
  const fs::path root =
      other != nullptr ? fs::path(other) : fs::path(LOCKSTEP_SOURCE_DIR) / "tests/conformance/data";
  return root / set;
}

std::vector<std::string> RecordedCases(const std::string& set,
                                       const std::vector<std::string_view>& prefixes,
                                       std::string_view suffix) {
  std::vector<std::string> names;
  std::error_code error;  // a folder that is not there holds no case
  for (const auto& entry : fs::directory_iterator(RecordedFolder(set), error)) {
    const std::string file = entry.path().filename().string();
    if (!file.ends_with(suffix)) continue;
    const bool wanted = std::ranges::any_of(
        prefixes, [&](std::string_view prefix) { return file.starts_with(prefix); });
    if (wanted) names.push_back(file.substr(0, file.size() - suffix.size()));
  }
  std::ranges::sort(names);
  return names;
}

void RecordedTally::Print() const {
  std::cout << set << ": " << agree << " of " << agree + differ + fail << " cases agree, " << differ
            << " differ on purpose\n";
}

std::map<std::string, RecordedDifference> RecordedDifferences(const std::string& file) {
  std::ifstream text(fs::path(LOCKSTEP_SOURCE_DIR) / file);
  if (!text) throw std::runtime_error(file + ": cannot be read");
  std::map<std::string, RecordedDifference> differences;
  for (std::string line; std::getline(text, line);) {
    const std::size_t first = line.find(" | ");
    const std::size_t second = line.find(" | ", first + 3);
    if (first == std::string::npos || second == std::string::npos) {
      throw std::runtime_error(file + ": no case | how | why: " + line);
    }
    differences[line.substr(0, first)] = {line.substr(first + 3, second - first - 3),
                                          line.substr(second + 3)};
  }
  return differences;
}

std::string ReadRecordedText(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

Json ReadRecordedJson(const fs::path& path) { return Json::parse(ReadRecordedText(path)); }

}  // namespace lockstep
