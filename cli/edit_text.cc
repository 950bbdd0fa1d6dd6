#include "cli/edit_text.h"

#include <algorithm>

#include "cli/shown_object.h"
#include "operators/codec/document.h"

namespace lockstep {
namespace {

std::vector<std::string> HeaderLines(const ObjectKey& key,
                                     const std::vector<EditProblem>& problems) {
  std::vector<std::string> lines = {
      "Please edit the object below. Lines that begin with a '#' up here are left out,",
      "and an empty file cancels the edit. If what is saved is refused, this file is opened",
      "again with the reasons. What `lockstep explain` calls set by the system is not shown.", ""};
  if (problems.empty()) return lines;
  lines.push_back(key.ToString() + " was not changed:");
  for (const EditProblem& problem : problems) {
    for (std::size_t begin = 0; begin <= problem.message.size();) {
      const std::size_t end = std::min(problem.message.find('\n', begin), problem.message.size());
      lines.push_back((begin == 0 ? "* " : "  ") + problem.message.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  lines.emplace_back();
  return lines;
}

}  // namespace

std::string EditableYaml(const Object& object, std::string_view asked_as) {
  Json json = ShownObject(object, asked_as);
  json.erase("status");
  for (const char* field : {"uid", "resourceVersion", "generation", "creationTimestamp",
                            "deletionTimestamp", "ownerReferences"}) {
    json["metadata"].erase(field);
  }
  return ToYaml(json);
}

std::string EditorText(const ObjectKey& key, const std::vector<EditProblem>& problems,
                       std::string_view yaml) {
  // The lines that the messages name are those of this text.
  const std::size_t before = HeaderLines(key, problems).size();
  std::vector<EditProblem> placed = problems;
  for (EditProblem& problem : placed) {
    if (problem.line == 0) continue;
    const auto line = before + static_cast<std::size_t>(problem.line);
    problem.message = "line " + std::to_string(line) + ": " + problem.message;
  }
  std::string text;
  for (const std::string& line : HeaderLines(key, placed)) {
    text += (line.empty() ? "#" : "# " + line) + "\n";
  }
  return text.append(yaml);
}

EditedText SplitEditorText(std::string_view text) {
  EditedText edited;
  while (text.starts_with('#')) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    text.remove_prefix(end + 1);
    ++edited.header_lines;
  }
  edited.yaml = text;
  return edited;
}

}  // namespace lockstep
