#include "operators/backend/variable_expansion.h"

namespace lockstep {

std::string ExpandVariables(std::string_view text,
                            const std::map<std::string, std::string>& variables) {
  std::string expanded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      expanded += text[i];
    } else if (text[i + 1] == '$') {
      expanded += '$';
      ++i;
    } else if (const auto end = text.find(')', i);
               text[i + 1] != '(' || end == std::string_view::npos) {
      expanded += '$';
    } else {
      const auto variable = variables.find(std::string(text.substr(i + 2, end - i - 2)));
      expanded += variable != variables.end() ? std::string_view(variable->second)
                                              : text.substr(i, end + 1 - i);
      i = end;
    }
  }
  return expanded;
}

}  // namespace lockstep
