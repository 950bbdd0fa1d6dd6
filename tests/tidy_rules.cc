#include "tests/tidy_rules.h"

#include <algorithm>
#include <map>
#include <regex>
#include <sstream>

namespace lockstep::tidy {
namespace {

constexpr int kMaxColumns = 100;
constexpr int kMaxFunctionLines = 70;
constexpr int kMaxFileLines = 500;

// From a folder to those it may include besides itself. The picture is in docs/design.md section 2.
const std::map<std::string, std::set<std::string>>& AllowedIncludes() {
  static const std::set<std::string> kOperators = {"operators/admission",
                                                   "operators/api",
                                                   "operators/backend",
                                                   "operators/codec",
                                                   "operators/control",
                                                   "operators/convert",
                                                   "operators/kube",
                                                   "operators/observe",
                                                   "operators/reconcile",
                                                   "operators/serve",
                                                   "operators/store",
                                                   "operators/suggest",
                                                   "launcher",
                                                   "runtime/base"};
  static const std::set<std::string> kRuntime = {"runtime/train", "runtime/metrics", "runtime/comm",
                                                 "runtime/base", "cuda"};
  static const std::set<std::string> kMeasured = [] {
    std::set<std::string> all = kOperators;
    all.insert(kRuntime.begin(), kRuntime.end());
    return all;
  }();
  static const std::map<std::string, std::set<std::string>> kAllowed = {
      {"runtime/base", {}},
      {"cuda", {"runtime/base"}},
      {"runtime/comm", {"cuda", "runtime/base"}},
      {"runtime/metrics", {"runtime/comm", "cuda", "runtime/base"}},
      {"runtime/train", {"runtime/metrics", "runtime/comm", "cuda", "runtime/base"}},
      {"examples", kRuntime},
      {"launcher", {"runtime/base"}},
      {"operators/codec", {"runtime/base"}},
      {"operators/kube", {"operators/codec", "runtime/base"}},
      {"operators/api", {"operators/codec", "runtime/base"}},
      {"operators/convert", {"operators/api", "operators/codec", "runtime/base"}},
      {"operators/suggest", {"operators/api", "operators/codec", "runtime/base"}},
      {"operators/observe",
       {"operators/store", "operators/api", "operators/codec", "runtime/base"}},
      {"operators/store", {"operators/api", "operators/codec", "operators/kube", "runtime/base"}},
      {"operators/control", {"operators/store", "operators/api", "runtime/base"}},
      {"operators/backend",
       {"operators/api", "operators/codec", "operators/kube", "launcher", "runtime/base"}},
      {"operators/admission",
       {"operators/suggest", "operators/observe", "operators/convert", "operators/api",
        "operators/codec", "runtime/base"}},
      {"operators/reconcile",
       {"operators/suggest", "operators/backend", "operators/observe", "operators/convert",
        "operators/control", "operators/store", "operators/api", "operators/codec", "launcher",
        "runtime/base"}},
      {"operators/serve",
       {"operators/store", "operators/observe", "operators/admission", "operators/api",
        "operators/codec", "runtime/base"}},
      {"cli", kOperators},
      {"bench", kMeasured}};
  return kAllowed;
}

// Libraries that only some folders may see; a prefix of the included name to prefixes of paths.
const std::map<std::string, std::vector<std::string>>& AllowedLibraries() {
  static const std::vector<std::string> kTorch = {
      "runtime/comm/", "runtime/train/", "runtime/metrics/", "cuda/",
      "examples/",     "bench/",         "tests/runtime/",   "tests/examples/"};
  static const std::vector<std::string> kMpi = {"runtime/comm/", "bench/", "tests/runtime/comm/"};
  static const std::map<std::string, std::vector<std::string>> kAllowed = {
      {"torch/", kTorch},
      {"c10/", kTorch},
      {"ATen/", kTorch},
      {"mpi.h", kMpi},
      {"yaml-cpp/", {"operators/codec/"}},
      {"nlohmann/", {"operators/codec/", "launcher/", "tests/"}}};
  return kAllowed;
}

bool EndsWithOneOf(std::string_view path, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return path.ends_with(ending); });
}

bool IsCpp(std::string_view path) { return EndsWithOneOf(path, {".h", ".cc", ".cu"}); }
bool IsCMake(std::string_view path) { return EndsWithOneOf(path, {"CMakeLists.txt", ".cmake"}); }
bool IsCode(std::string_view path) {
  return IsCpp(path) || IsCMake(path) || path == "dev" || EndsWithOneOf(path, {".py", ".sh"});
}
bool IsTest(std::string_view path) { return path.starts_with("tests/"); }

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string At(const SourceFile& file, std::size_t line, const std::string& what) {
  return file.path + ":" + std::to_string(line) + ": " + what;
}

// "operators/api" of "operators/api/meta.h", "launcher" of "launcher/job_dir.h".
std::string FolderOf(const std::string& path) {
  const std::size_t first = path.find('/');
  if (first == path.npos) return "";
  std::string top = path.substr(0, first);
  if (top != "operators" && top != "runtime") return top;
  return path.substr(0, path.find('/', first + 1));
}

std::string IncludeProblem(const std::string& from_path, const std::string& to_path) {
  const std::string from = FolderOf(from_path);
  const std::string to = FolderOf(to_path);
  if (from == "tests" || from == to) return "";
  const auto allowed = AllowedIncludes().find(from);
  if (allowed == AllowedIncludes().end()) return "'" + from + "' is no folder of docs/design.md";
  if (allowed->second.contains(to)) return "";
  return from + " must not include " + to;
}

std::string LibraryProblem(const std::string& from_path, const std::string& included) {
  for (const auto& [library, folders] : AllowedLibraries()) {
    if (!included.starts_with(library)) continue;
    const bool known = std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
      return from_path.starts_with(folder);
    });
    if (!known) return "<" + included + "> does not belong here";
    if (included == "nlohmann/json.hpp" && from_path.starts_with("launcher/") &&
        from_path.ends_with(".h")) {
      return "<" + included + "> stays in the .cc files of launcher";
    }
  }
  return "";
}

// Characters, not bytes.
int Columns(const std::string& line) {
  return static_cast<int>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// The path of `link`, which is written relative to the folder of `from`.
std::string Resolve(const std::string& from, const std::string& link) {
  std::vector<std::string> parts;
  std::istringstream stream(link.starts_with('/') ? link
                                                  : from.substr(0, from.rfind('/') + 1) + link);
  for (std::string part; std::getline(stream, part, '/');) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.empty()) {
      return "..";  // outside the repository
    } else {
      parts.pop_back();
    }
  }
  std::string path;
  for (const std::string& part : parts) path += (path.empty() ? "" : "/") + part;
  return path;
}

}  // namespace

Problems CheckIncludes(const SourceFile& file, const std::set<std::string>& paths) {
  static const std::regex include(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"].*$)");
  Problems problems;
  if (!IsCpp(file.path)) return problems;
  const std::vector<std::string> lines = Lines(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::smatch match;
    if (!std::regex_match(lines[i], match, include)) continue;
    const std::string name = match[2];
    std::string problem;
    if (match[1] == "<") {
      problem = paths.contains(name) ? "\"" + name + "\" is ours: use quotes"
                                     : LibraryProblem(file.path, name);
    } else if (!paths.contains(name)) {
      problem = "\"" + name + "\" is no file from the repository root";
    } else {
      problem = IncludeProblem(file.path, name);
    }
    if (!problem.empty()) problems.push_back(At(file, i + 1, problem));
  }
  return problems;
}

Problems CheckLineWidth(const SourceFile& file) {
  Problems problems;
  if (!IsCode(file.path)) return problems;
  const std::vector<std::string> lines = Lines(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const int columns = Columns(lines[i]);
    if (columns > kMaxColumns) {
      problems.push_back(At(file, i + 1, std::to_string(columns) + " columns, 100 are allowed"));
    }
  }
  return problems;
}

Problems CheckFunctionLength(const SourceFile& file) {
  Problems problems;
  if (!IsCpp(file.path)) return problems;
  const auto functions = FindFunctions(file.text);
  if (!functions) return {At(file, 1, "braces do not balance: functions cannot be measured")};
  for (const FunctionExtent& function : *functions) {
    const int lines = function.last_line - function.first_line + 1;
    if (lines <= kMaxFunctionLines) continue;
    problems.push_back(At(file, function.first_line,
                          "a function of " + std::to_string(lines) +
                              " lines, 70 are allowed: " + function.head.substr(0, 60)));
  }
  return problems;
}

Problems CheckFileLength(const SourceFile& file) {
  const bool test_source = IsTest(file.path) && file.path.ends_with(".cc");
  if (!IsCode(file.path) || test_source) return {};
  const std::size_t lines = Lines(file.text).size();
  if (lines <= kMaxFileLines) return {};
  return {At(file, lines, std::to_string(lines) + " lines, 500 are allowed")};
}

Problems CheckName(const std::string& path) {
  static const std::regex word(R"(^(|.*[/_-])(utils?|commons?|helpers?|misc)([/_.-].*|)$)");
  static const std::regex whole(R"(^(|.*/)core([/.].*|)$)");
  if (!std::regex_match(path, word) && !std::regex_match(path, whole)) return {};
  return {path +
          ": a file or folder is called after what it holds, not utils, common, "
          "helpers, misc or core"};
}

Problems CheckPragmaOnce(const SourceFile& file) {
  static const std::regex pragma(R"((^|\n)#pragma once\n)");
  if (!file.path.ends_with(".h") || std::regex_search(file.text, pragma)) return {};
  return {At(file, 1, "no #pragma once")};
}

Problems CheckForbiddenText(const SourceFile& file) {
  // In two pieces each, so that this file holds none of them.
  static const std::regex unfinished(
      "\\b(TO"
      "DO|FIX"
      "ME)\\b");
  static const std::string native = std::string("-march=") + "native";
  Problems problems;
  const std::vector<std::string> lines = Lines(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (std::regex_search(lines[i], unfinished)) {
      problems.push_back(At(file, i + 1, "unfinished: do it, or open an issue"));
    }
    if (IsCode(file.path) && lines[i].find(native) != lines[i].npos) {
      problems.push_back(At(file, i + 1, "built for one machine: dispatch at run time"));
    }
  }
  return problems;
}

Problems CheckSleep(const SourceFile& file) {
  static const std::regex sleep(R"(\b(sleep_for|sleep_until|usleep|nanosleep)\s*\()");
  Problems problems;
  if (!IsTest(file.path) || !IsCpp(file.path)) return problems;
  const std::vector<std::string> lines = Lines(CodeOnly(file.text));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (std::regex_search(lines[i], sleep)) {
      problems.push_back(
          At(file, i + 1, "a test waits for an event with a deadline, not for time"));
    }
  }
  return problems;
}

Problems CheckLinks(const SourceFile& file, const std::set<std::string>& paths) {
  static const std::regex link(R"(\]\(([^)#\s]*)(#[^)\s]*)?\))");
  static const std::regex code(R"(`[^`]*`)");
  static const std::regex elsewhere(R"(^(https?|mailto):.*$)");
  Problems problems;
  if (!file.path.ends_with(".md")) return problems;
  const std::vector<std::string> lines = Lines(file.text);
  bool in_block = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with("```")) in_block = !in_block;
    if (in_block) continue;
    const std::string line = std::regex_replace(lines[i], code, "");
    for (std::sregex_iterator it(line.begin(), line.end(), link), end; it != end; ++it) {
      const std::string target = (*it)[1];
      if (target.empty() || std::regex_match(target, elsewhere)) continue;
      if (!paths.contains(Resolve(file.path, target))) {
        problems.push_back(At(file, i + 1, "the link leads nowhere: " + target));
      }
    }
  }
  return problems;
}

}  // namespace lockstep::tidy
