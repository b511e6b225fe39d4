#pragma once

#include "core/late_library.hpp"

#include <libpq-fe.h>

namespace a2akit::postgres {

/// libpq is loaded when the first PostgreSQL URL is read: a server with another backend starts
/// without it.
inline constinit LateLibrary libpq{"libpq.so.5", "libpq5"};

// The functions of libpq that this backend calls. Inside of this namespace, their names stand for
// these.
inline constinit LateFunction<decltype(::PQclear)> PQclear{libpq, "PQclear"};
inline constinit LateFunction<decltype(::PQconnectPoll)> PQconnectPoll{libpq, "PQconnectPoll"};
inline constinit LateFunction<decltype(::PQconnectStartParams)> PQconnectStartParams{
    libpq, "PQconnectStartParams"};
inline constinit LateFunction<decltype(::PQconninfoFree)> PQconninfoFree{libpq, "PQconninfoFree"};
inline constinit LateFunction<decltype(::PQconninfoParse)> PQconninfoParse{libpq,
                                                                           "PQconninfoParse"};
inline constinit LateFunction<decltype(::PQconsumeInput)> PQconsumeInput{libpq, "PQconsumeInput"};
inline constinit LateFunction<decltype(::PQenterPipelineMode)> PQenterPipelineMode{
    libpq, "PQenterPipelineMode"};
inline constinit LateFunction<decltype(::PQerrorMessage)> PQerrorMessage{libpq, "PQerrorMessage"};
inline constinit LateFunction<decltype(::PQfinish)> PQfinish{libpq, "PQfinish"};
inline constinit LateFunction<decltype(::PQflush)> PQflush{libpq, "PQflush"};
inline constinit LateFunction<decltype(::PQfreemem)> PQfreemem{libpq, "PQfreemem"};
inline constinit LateFunction<decltype(::PQgetResult)> PQgetResult{libpq, "PQgetResult"};
inline constinit LateFunction<decltype(::PQgetisnull)> PQgetisnull{libpq, "PQgetisnull"};
inline constinit LateFunction<decltype(::PQgetlength)> PQgetlength{libpq, "PQgetlength"};
inline constinit LateFunction<decltype(::PQgetvalue)> PQgetvalue{libpq, "PQgetvalue"};
inline constinit LateFunction<decltype(::PQisBusy)> PQisBusy{libpq, "PQisBusy"};
inline constinit LateFunction<decltype(::PQnotifies)> PQnotifies{libpq, "PQnotifies"};
inline constinit LateFunction<decltype(::PQntuples)> PQntuples{libpq, "PQntuples"};
inline constinit LateFunction<decltype(::PQpipelineSync)> PQpipelineSync{libpq, "PQpipelineSync"};
inline constinit LateFunction<decltype(::PQresultErrorField)> PQresultErrorField{
    libpq, "PQresultErrorField"};
inline constinit LateFunction<decltype(::PQresultStatus)> PQresultStatus{libpq, "PQresultStatus"};
inline constinit LateFunction<decltype(::PQsendPrepare)> PQsendPrepare{libpq, "PQsendPrepare"};
inline constinit LateFunction<decltype(::PQsendQuery)> PQsendQuery{libpq, "PQsendQuery"};
inline constinit LateFunction<decltype(::PQsendQueryParams)> PQsendQueryParams{libpq,
                                                                               "PQsendQueryParams"};
inline constinit LateFunction<decltype(::PQsendQueryPrepared)> PQsendQueryPrepared{
    libpq, "PQsendQueryPrepared"};
inline constinit LateFunction<decltype(::PQserverVersion)> PQserverVersion{libpq,
                                                                           "PQserverVersion"};
inline constinit LateFunction<decltype(::PQsetErrorVerbosity)> PQsetErrorVerbosity{
    libpq, "PQsetErrorVerbosity"};
inline constinit LateFunction<decltype(::PQsetNoticeProcessor)> PQsetNoticeProcessor{
    libpq, "PQsetNoticeProcessor"};
inline constinit LateFunction<decltype(::PQsetSingleRowMode)> PQsetSingleRowMode{
    libpq, "PQsetSingleRowMode"};
inline constinit LateFunction<decltype(::PQsetnonblocking)> PQsetnonblocking{libpq,
                                                                             "PQsetnonblocking"};
inline constinit LateFunction<decltype(::PQsocket)> PQsocket{libpq, "PQsocket"};
inline constinit LateFunction<decltype(::PQstatus)> PQstatus{libpq, "PQstatus"};

}  // namespace a2akit::postgres
