// EditText: an object as `lockstep edit` hands it to an editor, and back. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/api/object.h"

namespace lockstep {

// As YAML, without status and without what the store sets.
std::string EditableYaml(const Object& object, std::string_view asked_as = "");

struct EditProblem {
  int line = 0;  // of the YAML that was refused, from 1; 0: not of a line
  std::string message;
};
// What the editor shows: a comment that says what this is and what was wrong with it the last time,
// then `yaml`.
std::string EditorText(const ObjectKey& key, const std::vector<EditProblem>& problems,
                       std::string_view yaml);

struct EditedText {
  int header_lines = 0;
  std::string yaml;  // what stands below the comment
};
EditedText SplitEditorText(std::string_view text);

}  // namespace lockstep
