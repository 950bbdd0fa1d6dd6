#include "cli/validate_flag.h"

#include <CLI/CLI.hpp>

namespace lockstep {

void AddValidateFlag(CLI::App& verb, UnknownFields& value) {
  const auto set = [&value](const std::string& word) {
    value = word == "warn"     ? UnknownFields::kWarning
            : word == "ignore" ? UnknownFields::kIgnored
                               : UnknownFields::kError;
  };
  verb.add_option_function<std::string>(
          "--validate", set,
          "Unknown fields: strict (an error; default), warn or ignore (left out)")
      ->check(CLI::IsMember({"strict", "warn", "ignore"}));
}

}  // namespace lockstep
