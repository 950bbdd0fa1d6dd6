// The house rules of docs/design.md sections 2 and 7, as pure functions over a file's path and
// text. Every problem is one line, "path:line: what is wrong".
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::tidy {

struct SourceFile {
  std::string path;  // from the repository root
  std::string text;
};
using Problems = std::vector<std::string>;

// The text with comments, preprocessor lines, and what is in string and character literals replaced
// by spaces: line breaks stay, so that a line's number is the same.
std::string CodeOnly(std::string_view text);

struct FunctionExtent {
  int first_line;  // of its head
  int last_line;   // of its closing brace
  std::string head;
};
// Every function and every lambda outside one. nullopt: the braces do not balance.
std::optional<std::vector<FunctionExtent>> FindFunctions(std::string_view text);

Problems CheckIncludes(const SourceFile& file, const std::set<std::string>& paths);
Problems CheckLineWidth(const SourceFile& file);
Problems CheckFunctionLength(const SourceFile& file);
Problems CheckFileLength(const SourceFile& file);
Problems CheckName(const std::string& path);
Problems CheckPragmaOnce(const SourceFile& file);
Problems CheckForbiddenText(const SourceFile& file);
Problems CheckSleep(const SourceFile& file);
// `paths` holds files and folders.
Problems CheckLinks(const SourceFile& file, const std::set<std::string>& paths);

}  // namespace lockstep::tidy
