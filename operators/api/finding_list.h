// FindingList: collects findings about one document and looks up where each stands.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "operators/api/decode.h"
#include "operators/api/field_path.h"

namespace lockstep {

class FindingList {
 public:
  // `document` must outlive the list; null: positions stay unknown.
  explicit FindingList(const Document* document) : document_(document) {}

  void Error(std::string path, std::string message) {
    Add(Finding::Severity::kError, std::move(path), std::move(message));
  }
  void Warning(std::string path, std::string message) {
    Add(Finding::Severity::kWarning, std::move(path), std::move(message));
  }
  // Of a place that no path leads to.
  void ErrorAt(Position position, std::string path, std::string message) {
    findings_.push_back({Finding::Severity::kError, std::move(path), position, std::move(message)});
  }

  const Document* document() const { return document_; }
  const std::vector<Finding>& findings() const { return findings_; }
  std::vector<Finding> Take() { return std::move(findings_); }

 private:
  void Add(Finding::Severity severity, std::string path, std::string message) {
    Position position;
    if (document_ != nullptr) position = document_->MarkOf(PathToPointer(path)).position;
    findings_.push_back({severity, std::move(path), position, std::move(message)});
  }

  const Document* document_;
  std::vector<Finding> findings_;
};

}  // namespace lockstep
