#include "runtime/base/status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace lockstep {
namespace {

Result<std::unique_ptr<int>> Half(int n) {
  if (n % 2 != 0) return InvalidArgument(std::to_string(n) + " is odd");
  return std::make_unique<int>(n / 2);
}

Result<int> Quarter(int n) {
  LOCKSTEP_ASSIGN_OR_RETURN(auto half, Half(n));
  LOCKSTEP_ASSIGN_OR_RETURN(auto quarter, Half(*half));
  return *quarter;
}

TEST(Status, DefaultIsOkAndPrintsSo) {
  EXPECT_TRUE(Status().ok());
  EXPECT_EQ(Status().ToString(), "ok");
  EXPECT_EQ(OkStatus().WithContext("reading x"), OkStatus());
}

TEST(Status, KeepsItsKindUnderContext) {
  Status status = NotFound("no such file").WithContext("open /x");
  EXPECT_EQ(status.kind(), StatusKind::kNotFound);
  EXPECT_EQ(status.ToString(), "NotFound: open /x: no such file");
}

TEST(Status, ErrnoBecomesTheKindThatTellsWhatToDo) {
  EXPECT_EQ(ErrnoStatus("open", ENOENT).kind(), StatusKind::kNotFound);
  EXPECT_EQ(ErrnoStatus("open", EROFS).kind(), StatusKind::kFailedPrecondition);
  EXPECT_EQ(ErrnoStatus("read", EAGAIN).kind(), StatusKind::kUnavailable);
  EXPECT_EQ(ErrnoStatus("read", EIO).kind(), StatusKind::kInternal);
}

TEST(Result, MacrosPassValuesAndFirstErrorOn) {
  EXPECT_EQ(*Quarter(12), 3);
  EXPECT_EQ(Quarter(6).status().message(), "3 is odd");
}

TEST(ResultDeathTest, ValueOfAnErrorIsOurMistake) { EXPECT_DEATH(*Quarter(6), "3 is odd"); }

}  // namespace
}  // namespace lockstep
