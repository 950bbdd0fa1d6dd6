// $(NAME) in commands, arguments and environment values, as Kubernetes expands it. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace lockstep {

// $(NAME) becomes the value of NAME; $$(NAME) is the text $(NAME); a name that is not defined, and
// any other $, stay as they are. Values are not expanded again.
std::string ExpandVariables(std::string_view text,
                            const std::map<std::string, std::string>& variables);

}  // namespace lockstep
