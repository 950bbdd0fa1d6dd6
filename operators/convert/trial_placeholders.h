// The placeholders that stand for what a v1alpha3 template prints of a trial. Internal to
// katib_v1alpha3.
//
// A Go template is rendered once, with a token for each value that only a trial has. A token is
// letters, digits and _ : it reads the same anywhere in YAML, quoted or not, where
// ${trialParameters.x} would not. Behind the YAML parser tokens become placeholders.
#pragma once

#include <string>
#include <vector>

#include "operators/codec/json.h"

namespace lockstep {

class TrialPlaceholders {
 public:
  // Tokens begin with a text that `around` does not contain.
  explicit TrialPlaceholders(std::string_view around);

  // The token of a value; `reference` as in trialParameters. The placeholder's name is `name`
  // without leading - and with _ for what a name cannot hold, with a number when it is taken.
  std::string Add(std::string_view name, std::string reference);

  // The beginning of all tokens.
  const std::string& prefix() const { return prefix_; }
  // `text` with ${trialParameters.NAME} for each token.
  std::string Replace(std::string_view text) const;
  // The same in all strings and keys of `json`; what stands in it counts as used.
  Json ReplaceAll(const Json& json);

  bool used(std::size_t index) const { return placeholders_[index].used; }
  // {name, reference} of those that are used, in the order they were added.
  Json TrialParameters() const;

 private:
  struct Placeholder {
    std::string name;
    std::string reference;
    bool used = false;
  };
  // What is called for each token: its index.
  template <class Visit>
  std::string ReplaceWith(std::string_view text, Visit visit) const;

  std::string prefix_;
  std::vector<Placeholder> placeholders_;
};

}  // namespace lockstep
