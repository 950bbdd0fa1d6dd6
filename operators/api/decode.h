// Document -> API object, and what may be wrong with it. All errors at once, each with its place.
#pragma once

#include <string>
#include <vector>

#include "operators/api/object.h"
#include "operators/codec/document.h"

namespace lockstep {

// One thing that is wrong with a user's input.
struct Finding {
  enum class Severity : unsigned char { kError, kWarning };
  Severity severity = Severity::kError;
  std::string path = {};  // "spec.parameters[0].feasibleSpace.min"
  Position position = {};
  std::string message = {};  // what, why and the next step, without path and place
  bool unknown_field = false;
  std::string meant_path = {};  // of an unknown field that looks like a typo: the known field's
  // An error of another sort: the object is right, and this version cannot run it on one machine.
  bool unsupported = false;
};

// Whether `findings` hold an error: what is not supported is one as well.
bool HasErrors(const std::vector<Finding>& findings);

// "file.yaml:12:5: spec.objective.type: "maximise" is not an objective type: use minimize or
// maximize (did you mean maximize?)"
std::string FormatFinding(std::string_view file, const Finding& finding);

// `decoding` and then `rules`, findings of rules over what was decoded, less those that would only
// repeat it: about a place that did not decode, or something around or inside it. An unknown field
// stands for the one that was meant, and for nothing around it.
std::vector<Finding> WithRules(std::vector<Finding> decoding, std::vector<Finding> rules);

// Decodes `document` strictly: wrong types and unknown fields (with the nearest known name) are
// findings. The object comes back with what could be decoded. Nothing is defaulted or checked
// beyond types: see validate.h.
struct Decoded {
  Object object;
  std::vector<Finding> findings;
};
// InvalidArgument when the document is no object of a known kind ("FILE:LINE:COLUMN: kind: ...").
Result<Decoded> Decode(const Document& document);

}  // namespace lockstep
