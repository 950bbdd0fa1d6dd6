#include "operators/serve/protocol.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Protocol, EveryKindOfStatusSurvivesTheWire) {
  for (const StatusKind kind :
       {StatusKind::kNotFound, StatusKind::kAlreadyExists, StatusKind::kConflict,
        StatusKind::kInvalidArgument, StatusKind::kFailedPrecondition, StatusKind::kUnavailable,
        StatusKind::kDeadlineExceeded, StatusKind::kAborted, StatusKind::kInternal}) {
    const Status status(kind, "what, where, why");
    EXPECT_EQ(DecodeStatus(HttpCodeOf(kind), EncodeStatus(status).dump()), status);
  }
}

TEST(Protocol, FindingsBecomeCausesAsKubernetesWritesThem) {
  const Finding finding{Finding::Severity::kError, "spec.objective.type", {}, "wrong"};
  const Json json = EncodeStatus(InvalidArgument("not valid"), {finding});
  EXPECT_EQ(json["code"], 422);
  EXPECT_EQ(json["reason"], "Invalid");
  EXPECT_EQ(json["details"]["causes"][0]["field"], "spec.objective.type");
  EXPECT_EQ(json["details"]["causes"][0]["message"], "wrong");
}

TEST(Protocol, ABodyThatIsNoStatusIsQuoted) {
  const Status status = DecodeStatus(502, "<html>");
  EXPECT_EQ(status.kind(), StatusKind::kInternal);
  EXPECT_NE(status.message().find("502"), std::string::npos);
  EXPECT_NE(status.message().find("<html>"), std::string::npos);
}

}  // namespace
}  // namespace lockstep
