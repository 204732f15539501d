using Fabric.Sqlite;
using Fabric.Storage;

namespace Fabric.Controller.Http;

/// <summary>Makes sure that every error leaves as a problem: exceptions, and empty responses of the framework.</summary>
public sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> log)
{
    /// <summary>Handles a request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            await Of(context, e).WriteAsync(context);
            return;
        }

        if (!context.Response.HasStarted && context.Response.StatusCode >= 400 && context.Response.ContentType is null && context.Response.ContentLength is null)
        {
            await Of(context).WriteAsync(context);
        }
    }

    private static Problem Of(HttpContext context) => context.Response.StatusCode switch
    {
        404 => Problems.NoEndpoint($"there is no endpoint {context.Request.Method} {context.Request.Path}"),
        405 => Problems.MethodNotAllowed($"{context.Request.Path} does not take {context.Request.Method}; it takes {context.Response.Headers.Allow}"),
        415 => Problems.UnsupportedMediaType($"send the body as {(HttpMethods.IsPatch(context.Request.Method) ? "application/merge-patch+json" : "application/json")}"),
        413 => Problems.TooLarge("the body is too large"),
        var status => Problems.Malformed("the request cannot be served") with { Status = status, Code = "http-" + status },
    };

    private Problem Of(HttpContext context, Exception error)
    {
        switch (error)
        {
            case ProblemException problem:
                return problem.Problem;
            case StoreException store:
                Log.StoreFailed(log, store.Message, store);
                return Problems.Of(store);
            case BadHttpRequestException { StatusCode: 413 }:
                return Problems.TooLarge("the body is too large");
            case BadHttpRequestException bad:
                return Problems.Malformed(bad.Message) with { Status = bad.StatusCode };
            default:
                Log.Failed(log, context.Request.Method, context.GetEndpoint()?.DisplayName ?? "?", error);
                return Problems.Internal();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1011, Level = LogLevel.Error, Message = "Request {Method} {Endpoint} failed")]
        public static partial void Failed(ILogger logger, string method, string endpoint, Exception error);

        [LoggerMessage(EventId = 1012, Level = LogLevel.Error, Message = "The store failed: {Reason}")]
        public static partial void StoreFailed(ILogger logger, string reason, Exception error);
    }
}
