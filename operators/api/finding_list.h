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
    Add({Finding::Severity::kError, std::move(path), {}, std::move(message)});
  }
  void Warning(std::string path, std::string message) {
    Add({Finding::Severity::kWarning, std::move(path), {}, std::move(message)});
  }
  // What is right, and cannot be run on one machine by this version.
  void Unsupported(std::string path, std::string message) {
    Add({.path = std::move(path), .message = std::move(message), .unsupported = true});
  }
  // Of a place that no path leads to.
  void ErrorAt(Position position, std::string path, std::string message) {
    findings_.push_back({Finding::Severity::kError, std::move(path), position, std::move(message)});
  }
  // A field `name` of what is at `parent`, whose fields are `known`.
  void UnknownField(std::string_view parent, std::string_view name,
                    const std::vector<std::string_view>& known);
  // Where its path stands in this document.
  void Add(Finding finding) {
    if (document_ != nullptr) {
      finding.position = document_->MarkOf(PathToPointer(finding.path)).position;
    }
    findings_.push_back(std::move(finding));
  }

  const Document* document() const { return document_; }
  const std::vector<Finding>& findings() const { return findings_; }
  std::vector<Finding> Take() { return std::move(findings_); }

 private:
  const Document* document_;
  std::vector<Finding> findings_;
};

}  // namespace lockstep
