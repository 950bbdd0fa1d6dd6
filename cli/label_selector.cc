#include "cli/label_selector.h"

#include <algorithm>

namespace lockstep {
namespace {

bool IsLabelCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '/';
}

}  // namespace

class LabelSelector::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<Requirement>> Parse() {
    std::vector<Requirement> requirements;
    if (SkipSpaces(); at_ == text_.size()) return requirements;
    for (;;) {
      LOCKSTEP_ASSIGN_OR_RETURN(Requirement requirement, ParseRequirement());
      requirements.push_back(std::move(requirement));
      if (SkipSpaces(); at_ == text_.size()) return requirements;
      if (!Take(",")) return Wrong("a comma is missing here");
    }
  }

 private:
  Status Wrong(const std::string& why) const {
    return InvalidArgument("label selector '" + std::string(text_) + "', column " +
                           std::to_string(at_ + 1) + ": " + why);
  }
  void SkipSpaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool Take(std::string_view token) {
    SkipSpaces();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  std::string TakeWord() {
    SkipSpaces();
    const std::size_t begin = at_;
    while (at_ < text_.size() && IsLabelCharacter(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  Result<Requirement> ParseRequirement() {
    Requirement requirement;
    if (Take("!")) requirement.test = Test::kNotExists;
    requirement.name = TakeWord();
    if (requirement.name.empty()) return Wrong("the name of a label is missing");
    if (requirement.test == Test::kNotExists) return requirement;
    if (Take("!=")) {
      requirement.test = Test::kNotIn;
      requirement.values.insert(TakeWord());
    } else if (Take("==") || Take("=")) {
      requirement.test = Test::kIn;
      requirement.values.insert(TakeWord());
    } else if (SkipSpaces(); at_ < text_.size() && text_[at_] != ',') {
      const std::size_t before = at_;
      const std::string word = TakeWord();
      if (word != "in" && word != "notin") {
        at_ = before;
        return Wrong("after a label's name =, ==, !=, in (...) or notin (...) is known");
      }
      requirement.test = word == "in" ? Test::kIn : Test::kNotIn;
      LOCKSTEP_RETURN_IF_ERROR(ParseValues(requirement));
    }
    return requirement;
  }

  Status ParseValues(Requirement& requirement) {
    if (!Take("(")) return Wrong("the values are written (a,b)");
    do {
      requirement.values.insert(TakeWord());
    } while (Take(","));
    return Take(")") ? OkStatus() : Wrong("the ( is not closed");
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

Result<LabelSelector> LabelSelector::Parse(std::string_view text) {
  LabelSelector selector;
  LOCKSTEP_ASSIGN_OR_RETURN(selector.requirements_, Parser(text).Parse());
  return selector;
}

bool LabelSelector::Matches(const Labels& labels) const {
  return std::ranges::all_of(requirements_, [&](const Requirement& requirement) {
    const auto label = labels.find(requirement.name);
    const bool there = label != labels.end();
    switch (requirement.test) {
      case Test::kIn: return there && requirement.values.contains(label->second);
      case Test::kNotIn: return !there || !requirement.values.contains(label->second);
      case Test::kExists: return there;
      case Test::kNotExists: return !there;
    }
    return false;
  });
}

Labels LabelSelector::Equalities() const {
  Labels labels;
  for (const Requirement& requirement : requirements_) {
    const bool sayable = requirement.test == Test::kIn && requirement.values.size() == 1;
    if (sayable) labels.emplace(requirement.name, *requirement.values.begin());
  }
  return labels;
}

}  // namespace lockstep
