#include "cli/explanation.h"

namespace lockstep {
namespace {

void AppendFields(const std::vector<FieldDescription>& fields, const std::string& indent,
                  bool recursive, std::string& text) {
  for (const FieldDescription& field : fields) {
    text += indent + std::string(field.name) + "\t<" + field.type + ">\n";
    if (recursive) {
      AppendFields(field.fields, indent + "  ", true, text);
    } else {
      text += indent + "  " + std::string(field.description) + "\n\n";
    }
  }
}

}  // namespace

std::string ExplainField(const KindName& kind, const FieldDescription& field, bool recursive) {
  std::string text = "KIND:       " + std::string(kind.kind) +
                     "\nVERSION:    " + std::string(kind.api_version) + "\n\n";
  if (field.name != kind.kind) {
    text += "FIELD: " + std::string(field.name) + " <" + field.type + ">\n\n";
  }
  text += "DESCRIPTION:\n    " + std::string(field.description) + "\n";
  if (field.fields.empty()) return text;
  text += "\nFIELDS:\n";
  AppendFields(field.fields, "  ", recursive, text);
  if (text.ends_with("\n\n")) text.pop_back();
  return text;
}

}  // namespace lockstep
